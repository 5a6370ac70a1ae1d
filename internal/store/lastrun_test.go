package store_test

import (
	"reflect"
	"testing"

	"mybridge/internal/link"
	"mybridge/internal/store"
)

// TestLastRun wants how the plugin ran to be there after a restart, and a run like the
// one before to write nothing.
func TestLastRun(t *testing.T) {
	directory := t.TempDir()
	keep := func(run store.Run) {
		t.Helper()
		change(t, directory, func(s *store.Store) error { return s.KeepRun(t.Context(), run) })
	}
	want := func(want store.Run) (generation uint64) {
		t.Helper()
		change(t, directory, func(s *store.Store) error {
			generation = s.Generation()
			got, err := s.LastRun(t.Context())
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the last run is %+v, want %+v", got, want)
			}
			return err
		})
		return generation
	}
	want(store.Run{})
	run := store.Run{Firewall: "iptables", DirectRouting: true, EngineBridges: []link.Name{"docker0"}}
	keep(run)
	before := want(run)
	keep(run)
	if after := want(run); after != before {
		t.Errorf("what is kept already was written again: generation %d, before %d", after, before)
	}
	keep(store.Run{Firewall: "nftables"})
	want(store.Run{Firewall: "nftables"})
}
