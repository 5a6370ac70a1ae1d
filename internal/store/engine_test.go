package store_test

import (
	"testing"

	"mybridge/internal/store"
)

// TestKnownEngine wants the engine's ID to be there after a restart, and the same one
// to write nothing.
func TestKnownEngine(t *testing.T) {
	directory := t.TempDir()
	keep := func(id string) {
		t.Helper()
		change(t, directory, func(s *store.Store) error { return s.KeepEngine(t.Context(), id) })
	}
	want := func(want string) (generation uint64) {
		t.Helper()
		change(t, directory, func(s *store.Store) error {
			generation = s.Generation()
			got, err := s.KnownEngine(t.Context())
			if got != want {
				t.Errorf("the engine is %q, want %q", got, want)
			}
			return err
		})
		return generation
	}
	want("")
	keep("A:B")
	before := want("A:B")
	keep("A:B")
	if after := want("A:B"); after != before {
		t.Errorf("what is kept already was written again: generation %d, before %d", after, before)
	}
	keep("C:D")
	want("C:D")
}
