package driver

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// TestNothingIsGivenAgainBeforeItsLinkIsGone asks, right after deletions, for what
// these had.
func TestNothingIsGivenAgainBeforeItsLinkIsGone(t *testing.T) {
	address := netip.MustParseAddr("10.1.0.2")
	for name, ask := range map[string]func(ctx context.Context, d *Driver) error{
		"the address": func(ctx context.Context, d *Driver) error { return d.AwaitFree(ctx, address) },
		"an endpoint with the address": func(ctx context.Context, d *Driver) error {
			_, err := d.CreateEndpoint(ctx, endpoint("n1", "e9", "10.1.0.2/24"))
			return err
		},
		"the endpoint's ID": func(ctx context.Context, d *Driver) error {
			_, err := d.CreateEndpoint(ctx, endpoint("n1", "e1", "10.1.0.7/24"))
			return err
		},
	} {
		w, d := worldBefore(t, 3)
		must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
		if len(w.veths) != 1 {
			t.Fatal("the deletion has not left the link for later")
		}
		must(t, ask(t.Context(), d))
		if len(w.veths) > 0 || d.Backlog() > 0 {
			t.Errorf("%s: given while the link is there: %v", name, w.veths)
		}
	}
	for name, again := range map[string]NetworkConfig{
		"the subnet":       config("n2", "10.1.0.0/24"),
		"a part of it":     config("n2", "10.1.0.128/25"),
		"the network's ID": config("n1", "10.7.0.0/24"),
		"the bridge":       {ID: "n2", BridgeName: "mb-n1"},
	} {
		w, d := worldBefore(t, 3)
		must(t, d.DeleteNetwork(t.Context(), "n1"))
		if _, there := w.bridges["mb-n1"]; !there {
			t.Fatal("the deletion has not left the bridge for later")
		}
		must(t, d.CreateNetwork(t.Context(), again))
		if len(w.veths) > 0 || len(w.bridges) != 1 || d.Backlog() > 0 {
			t.Errorf("%s: given while the links are there: %v %v", name, w.bridges, w.veths)
		}
	}
}

// TestDeletedIsUnknown asks for what is deleted and not gone yet.
func TestDeletedIsUnknown(t *testing.T) {
	_, d := worldBefore(t, 4)
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	if err := d.EndpointExists(t.Context(), "n1", "e1"); !isUnknown(err) {
		t.Errorf("a deleted endpoint: %v", err)
	}
	if ports, err := d.PublishedPorts(t.Context()); err != nil || len(ports) > 0 {
		t.Errorf("a deleted endpoint publishes %v, %v", ports, err)
	}
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	if _, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e2", "10.1.0.9/24")); !isUnknown(err) {
		t.Errorf("an endpoint of a deleted network: %v", err)
	}
}

// TestReapTriesAgain lets links fail to go at first.
func TestReapTriesAgain(t *testing.T) {
	w, d := worldBefore(t, 3)
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	w.effects = 0
	reapUntil(t, d, func() bool { return d.Backlog() == 0 })
	w.checkEmpty(t, "at the second attempt")
	if w.sweeps != 1 {
		t.Errorf("what networks shared was swept away %d times", w.sweeps)
	}
}

// TestReapEndsWithNothingLeft stops it at once.
func TestReapEndsWithNothingLeft(t *testing.T) {
	w, d := worldBefore(t, 3)
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	reapUntil(t, d, func() bool { return true })
	w.checkEmpty(t, "stopped")
}

// reapUntil runs Reap until it is done, and waits for its end.
func reapUntil(t *testing.T, d *Driver, done func() bool) {
	t.Helper()
	stop := startReaping(t, d)
	for deadline := time.Now().Add(10 * time.Second); !done() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	stop()
}

// startReaping runs Reap. Who calls stop waits for its end.
func startReaping(t *testing.T, d *Driver) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		d.Reap(ctx)
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
	}
}
