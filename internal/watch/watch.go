// Package watch keeps a watch of the host going, for those who have a look when
// something has changed. It touches nothing.
package watch

import (
	"context"
	"time"
)

// Watch calls changed when something may have changed, until ctx is done or the
// watch is lost.
type Watch func(ctx context.Context, changed func()) error

// Keep watches until ctx is done, and puts a word into changed, which has room for
// one, whenever something may have changed. A watch that was lost is told of, and
// begins again after the pause.
func Keep(ctx context.Context, watch Watch, again time.Duration, changed chan<- struct{}, lost func(error)) {
	for ctx.Err() == nil {
		err := watch(ctx, func() { Tell(changed) })
		if err != nil && ctx.Err() == nil {
			lost(err)
		}
		Pause(ctx, again)
	}
}

// Tell puts a word into changed, where there is none yet.
func Tell(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

// Pause reports whether the time passed before ctx was done.
func Pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
