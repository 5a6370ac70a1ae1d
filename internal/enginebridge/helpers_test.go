package enginebridge_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"mybridge/internal/enginebridge"
	"mybridge/internal/link"
)

// errFake is whatever can fail.
var errFake = errors.New("the kernel is out of memory")

// fakeHost has links, chains and a packet filter.
type fakeHost struct {
	mu                             sync.Mutex
	bridges, chosen, told          []link.Name
	linksErr, chainsErr, filterErr error
	timesTold, timesWatched        int
	said                           strings.Builder
	// changes make the watch tell of a change, or lose it with an error.
	changes chan error
}

func (h *fakeHost) Bridges(context.Context) ([]link.Name, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bridges), h.linksErr
}

func (h *fakeHost) EngineBridges(context.Context) ([]link.Name, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.chosen), h.chainsErr
}

func (h *fakeHost) SetEngineBridges(_ context.Context, bridges []link.Name) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timesTold++
	if h.filterErr != nil {
		return h.filterErr
	}
	h.told = bridges
	return nil
}

func (h *fakeHost) WatchBridges(ctx context.Context, changed func()) error {
	h.mu.Lock()
	h.timesWatched++
	h.mu.Unlock()
	for changed(); ; changed() {
		select {
		case <-ctx.Done():
			return nil
		case err := <-h.changes:
			if err != nil {
				return err
			}
		}
	}
}

// set changes the host under its lock.
func (h *fakeHost) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *fakeHost) follower() enginebridge.Follower {
	log := logrus.New()
	log.SetOutput(&h.said)
	return enginebridge.Follower{Links: h, Chains: h, Filter: h, Log: log}
}
