package store_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// TestSpoiltWhileOpen spoils the file under an open store. Calls then fail, but
// none hangs, and the process goes on.
func TestSpoiltWhileOpen(t *testing.T) {
	pageSize := int64(os.Getpagesize())
	size := int64(len(filled(t)))
	tests := map[string]struct{ from, until int64 }{
		"heads": {0, 2 * pageSize}, "all but the heads": {2 * pageSize, size}, "all": {0, size},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory, ctx := t.TempDir(), context.Background()
			if err := os.WriteFile(fileOf(directory), filled(t), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(directory)
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(fileOf(directory), os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if _, err := file.WriteAt(garbage(int(test.until-test.from)), test.from); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				for what, call := range map[string]func() error{
					"AddLease":   func() error { return s.AddLease(ctx, leaseOf(web.ID, "10.1.0.99", ipam.Dynamic)) },
					"PutNetwork": func() error { return s.PutNetwork(ctx, bare) },
					"Load":       func() error { _, err := s.Load(ctx); return err },
					"Backup":     func() error { return s.Backup(ctx) },
				} {
					err := inTime(t, what, call)
					if !errors.Is(err, store.ErrDamaged) {
						t.Errorf("%s: got error %v, want ErrDamaged", what, err)
					}
				}
			}
			err = inTime(t, "Close", s.Close)
			t.Logf("Close: %v", err)
		})
	}
}

// inTime fails the test where the call hangs.
func inTime(t *testing.T, what string, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		t.Fatalf("%s hangs", what)
		return nil
	}
}
