package main

import (
	"slices"
	"testing"

	"mybridge/test/bench/figures"
	"mybridge/test/engine"
)

// TestTurns wants each driver once a round, the first one last in every other round,
// and nobody to begin while there are links of the one before.
func TestTurns(t *testing.T) {
	e := engine.Start(t, engine.Roots(t)[0], engine.Options{WithoutDocker: true})
	before, err := links(e)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	all, err := inTurns(t.Context(), e, both, 2, func(d driver, s *stopwatch) {
		if count, err := links(e); err != nil || count != before {
			t.Errorf("at the turn of %s there are %d links, %v; want %d", d.name, count, err, before)
		}
		order = append(order, d.name)
		s.take(func() (float64, error) { return float64(len(order)), nil })
		e.MustRun("ip", "link", "add", "left", "type", "bridge")
		e.Spawn("sh", "-c", "sleep 0.1; ip link del left")
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bridge", "mybridge", "mybridge", "bridge"}; !slices.Equal(order, want) {
		t.Errorf("the turns are %v, want %v", order, want)
	}
	for d, want := range map[driver]figures.Rounds{builtIn: {1, 4}, mybridge: {2, 3}} {
		if got := all[d]; len(got) != 1 || !slices.Equal(got[0], want) {
			t.Errorf("%s has the values %v, want %v", d.name, got, want)
		}
	}
}
