package firewall

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// ErrNoWatch is what a watch returns that cannot see changes of the rules.
var ErrNoWatch = errors.New("changes of these rules cannot be watched")

// Watch calls changed when it begins, as it does not know what was before, and
// after somebody else changed rules. It returns nil when ctx is done, and an error
// when the watch is lost.
type Watch func(ctx context.Context, changed func()) error

// WatchAll has all watch until ctx is done or one is lost. Changed may be called by
// several at once. One that has no watch is left to the others.
func WatchAll(ctx context.Context, changed func(), watches ...Watch) error {
	watching, ctx := errgroup.WithContext(ctx)
	for _, watch := range watches {
		watching.Go(func() error {
			err := watch(ctx, changed)
			if errors.Is(err, ErrNoWatch) {
				<-ctx.Done()
				return nil
			}
			return err
		})
	}
	return watching.Wait()
}
