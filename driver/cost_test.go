package driver

import (
	"errors"
	"fmt"
	"testing"
)

// TestCostOfCallsIsFlat guards what the calls of a network and a container cost beside
// others, but for the kernel and the disk. Allocations are counted, as times are not
// the same twice.
func TestCostOfCallsIsFlat(t *testing.T) {
	few, many := allocationsOfCalls(t, 10), allocationsOfCalls(t, 1000)
	t.Logf("allocations of the calls: %.0f beside 10 networks, %.0f beside 1,000", few, many)
	const most = 460
	if many > 1.05*few+5 || few > most {
		t.Errorf("the calls allocate %.0f times beside 10 networks, %.0f times beside 1,000; once it was less than %d", few, many, most)
	}
}

func allocationsOfCalls(t *testing.T, networks int) float64 {
	t.Helper()
	d := newWorld().open(t)
	ctx := t.Context()
	for i := range networks {
		must(t, d.CreateNetwork(ctx, config(fmt.Sprint("other", i), fmt.Sprintf("10.%d.%d.0/24", 2+i/256, i%256))))
	}
	return testing.AllocsPerRun(100, func() {
		err := d.CreateNetwork(ctx, config("n1", "10.1.0.0/24"))
		_, created := d.CreateEndpoint(ctx, endpoint("n1", "e1", "10.1.0.2/24"))
		_, joined := d.Join(ctx, "n1", "e1", "sandbox-e1")
		err = errors.Join(err, created, joined, d.Publish(ctx, "n1", "e1", publication(8080)), d.Unpublish(ctx, "n1", "e1"),
			deleteEndpoint(ctx, d, "n1", "e1"), deleteNetwork(ctx, d, "n1"))
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestFullNetwork fills a network, and wants the one container too many to be told
// what to do. One that goes makes room at once.
func TestFullNetwork(t *testing.T) {
	const most = 1023
	d := newWorld().open(t)
	must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/16")))
	create := func(i int) error {
		_, err := d.CreateEndpoint(t.Context(), endpoint("n1", fmt.Sprint("e", i), fmt.Sprintf("10.1.%d.%d/16", 1+i/256, i%256)))
		return err
	}
	for i := range most {
		must(t, create(i))
	}
	if err := create(most); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e7"))
	if err := create(most); err != nil {
		t.Errorf("one went, and then: %v", err)
	}
}
