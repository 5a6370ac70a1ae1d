package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

func TestCancelledBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBubble(t)
		release := hold(t, s)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.update(ctx, putKey("a")) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
		release()
		if err := s.update(ctx, putKey("b")); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that is done: got error %v, want context.Canceled", err)
		}
		if keys := kept(t, s); keys != "" {
			t.Errorf("kept %q, want nothing", keys)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCancelledInItsTurn checks that the answer says what has become of it.
func TestCancelledInItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBubble(t)
		ctx, cancel := context.WithCancel(context.Background())
		gate, done := make(chan struct{}), make(chan error, 1)
		go func() {
			done <- s.update(ctx, func(tx *bbolt.Tx) error { <-gate; return putKey("a")(tx) })
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("answered %v before the outcome was known", err)
		default:
		}
		close(gate)
		if err := <-done; err != nil || kept(t, s) != "a" {
			t.Errorf("got error %v with %q kept, want the change made", err, kept(t, s))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCloseWaits checks that Close ends what was begun, and takes nothing more.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBubble(t)
		release := hold(t, s)
		queued, closed := make(chan error, 1), make(chan error, 1)
		go func() { queued <- s.update(context.Background(), putKey("a")) }()
		synctest.Wait()
		go func() { closed <- s.Close() }()
		synctest.Wait()
		if err := s.update(context.Background(), putKey("b")); !errors.Is(err, ErrClosed) {
			t.Errorf("while it closes: got error %v, want ErrClosed", err)
		}
		if len(closed) > 0 {
			t.Error("Close did not wait")
		}
		release()
		if err := errors.Join(<-queued, <-closed); err != nil {
			t.Error(err)
		}
		again, err := Open(s.directory)
		if err != nil {
			t.Fatal(err)
		}
		if keys := kept(t, again); keys != "a" {
			t.Errorf("kept %q, want %q", keys, "a")
		}
		if err := errors.Join(again.Close(), again.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestBackupWaitsForCommit checks that no backup is made of a transaction whose
// outcome is not known.
func TestBackupWaitsForCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBubble(t)
		release := hold(t, s)
		done := make(chan error, 1)
		go func() { done <- s.Backup(context.Background()) }()
		synctest.Wait()
		if len(done) > 0 || isThere(filepath.Join(s.directory, backupName)) {
			t.Error("the backup did not wait")
		}
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		release()
		if err := errors.Join(<-done, <-closed); err != nil {
			t.Error(err)
		}
		if _, err := ReadBackup(s.directory); err != nil {
			t.Error(err)
		}
	})
}
