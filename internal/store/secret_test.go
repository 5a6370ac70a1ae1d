package store_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"mybridge/internal/store"
)

func TestSecret(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	var first []byte
	change(t, directory, func(s *store.Store) error {
		// Whoever is first, all get the same.
		secrets := make([][]byte, 20)
		var group sync.WaitGroup
		for i := range secrets {
			group.Go(func() {
				var err error
				if secrets[i], err = s.Secret(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		first = secrets[0]
		for _, other := range secrets {
			if len(first) != 32 || !bytes.Equal(first, other) {
				t.Errorf("got %x and %x, want 32 bytes that are the same", first, other)
			}
		}
		return nil
	})
	change(t, directory, func(s *store.Store) error {
		again, err := s.Secret(ctx)
		if !bytes.Equal(first, again) {
			t.Errorf("after a restart: got %x, want %x", again, first)
		}
		return err
	})
	other, err := open(t, t.TempDir()).Secret(ctx)
	if err != nil || bytes.Equal(first, other) {
		t.Errorf("another state: got %x and error %v, want another secret", other, err)
	}
}
