package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

// These tests know the committer, because which changes meet in a group is not
// to be seen from outside. In a bubble synctest.Wait returns when all callers
// wait for their turn.

// hold keeps the committer busy until release is called, which waits for it.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	gate, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.update(context.Background(), func(*bbolt.Tx) error { <-gate; return nil })
	}()
	synctest.Wait()
	return func() {
		close(gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func openBubble(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func putKey(key string) func(tx *bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return tx.Bucket(networksBucket).Put([]byte(key), []byte(key)) }
}

func kept(t *testing.T, s *Store) string {
	t.Helper()
	var keys []string
	err := view(s.db, func(tx *bbolt.Tx) error {
		return tx.Bucket(networksBucket).ForEach(func(key, _ []byte) error {
			keys = append(keys, string(key))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(keys, " ")
}

// TestGroup checks that changes that wait together share transactions, that a
// group is bounded, and that one caller alone has a transaction to itself.
func TestGroup(t *testing.T) {
	for callers, groups := range map[int]uint64{1: 1, 2: 1, maxGroup: 1, maxGroup + 1: 2, 3 * maxGroup: 3} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openBubble(t)
				release := hold(t, s)
				before := s.Generation()
				var group sync.WaitGroup
				for n := range callers {
					group.Go(func() {
						if err := s.update(context.Background(), putKey(fmt.Sprint("k", n))); err != nil {
							t.Error(err)
						}
					})
				}
				synctest.Wait()
				release()
				group.Wait()
				// One more is the transaction that held the others up.
				if got := s.Generation() - before; got != groups+1 {
					t.Errorf("got %d transactions, want %d", got-1, groups)
				}
				if got := len(strings.Fields(kept(t, s))); got != callers {
					t.Errorf("%d changes are kept, want %d", got, callers)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestRefusedInGroup checks that changes that fail, even half-way or by a
// panic, leave nothing and do not touch the others of their group.
func TestRefusedInGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBubble(t)
		release := hold(t, s)
		before := s.Generation()
		errTest := errors.New("refused")
		changes := []struct {
			apply func(tx *bbolt.Tx) error
			want  error
		}{
			{putKey("a"), nil},
			{func(*bbolt.Tx) error { return errTest }, errTest},
			{putKey("b"), nil},
			{func(tx *bbolt.Tx) error { return errors.Join(putKey("x")(tx), errTest) }, errTest},
			{func(tx *bbolt.Tx) error { _ = putKey("y")(tx); panic("page 7") }, ErrDamaged},
			{func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("none")) }, nil}, // any error
			{putKey("c"), nil},
		}
		got := make([]error, len(changes))
		var group sync.WaitGroup
		for i, c := range changes {
			group.Go(func() { got[i] = s.update(context.Background(), c.apply) })
			synctest.Wait() // keeps their order
		}
		release()
		group.Wait()
		for i, c := range changes {
			if i == 5 && got[i] != nil {
				continue
			}
			if !errors.Is(got[i], c.want) {
				t.Errorf("change %d: got error %v, want %v", i, got[i], c.want)
			}
		}
		if keys := kept(t, s); keys != "a b c" {
			t.Errorf("kept %q, want %q", keys, "a b c")
		}
		if n := s.Generation() - before; n != 2 {
			t.Errorf("got %d transactions, want one for all", n-1)
		}
		if s.Err() != nil {
			t.Errorf("the store has failed: %v", s.Err())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
