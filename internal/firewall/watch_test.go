package firewall

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// forever tells once, and watches until it is told to end.
func forever(ctx context.Context, changed func()) error {
	changed()
	<-ctx.Done()
	return nil
}

func never(context.Context, func()) error { return ErrNoWatch }

// TestWatchAll wants all to watch, and one that cannot to be left to the others.
func TestWatchAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		told, ended := make(chan struct{}, 10), make(chan error, 1)
		go func() { ended <- WatchAll(ctx, func() { told <- struct{}{} }, forever, never, forever) }()
		synctest.Wait()
		if len(told) != 2 {
			t.Errorf("%d changes were told, want those of both", len(told))
		}
		if len(ended) > 0 {
			t.Errorf("the watch ended with %v, although two watch", <-ended)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
}

// TestLostWatchEndsAll wants one that is lost to end all, as what it would have told
// is not told any more.
func TestLostWatchEndsAll(t *testing.T) {
	lost := errors.New("lost")
	loses := func(context.Context, func()) error { return lost }
	if err := WatchAll(t.Context(), func() {}, forever, loses); !errors.Is(err, lost) {
		t.Errorf("the watch ended with %v, want that one was lost", err)
	}
}
