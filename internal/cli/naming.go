package cli

import (
	"context"
	"maps"
	"sync"
	"time"

	"mybridge/driver"
	"mybridge/internal/events"
	"mybridge/internal/watch"
)

// The engine lists a container once it runs, some moments after it has told us of it.
const (
	firstPause = 300 * time.Millisecond
	laterPause = time.Second
	// mostAsked is how often it is asked in vain after the last event.
	mostAsked = 5
)

// naming keeps names. It asks the engine beside the events, which wait for nothing.
type naming struct {
	ask  func() names
	wake chan struct{}

	mu    sync.Mutex
	known names
	// nameless are networks and endpoints that were met and have no name yet.
	nameless map[string]bool
}

// newNaming asks for what there is already.
func newNaming(ask func() names) *naming {
	return &naming{ask: ask, wake: make(chan struct{}, 1), known: ask(), nameless: map[string]bool{}}
}

// run asks again when something was met that has no name yet, until ctx is done.
func (n *naming) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		}
		pause := firstPause
		for asked := 0; asked < mostAsked; asked++ {
			if !watch.Pause(ctx, pause) {
				return
			}
			if n.learn(n.ask()) {
				break
			}
			pause = laterPause
			select {
			case <-n.wake:
				asked = -1
			default:
			}
		}
	}
}

// learn reports whether all that was met has a name now.
func (n *naming) learn(found names) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(n.known.networks, found.networks)
	maps.Copy(n.known.endpoints, found.endpoints)
	maps.DeleteFunc(n.nameless, func(id string, _ bool) bool {
		return found.networks[driver.NetworkID(id)] != "" || found.endpoints[driver.EndpointID(id)] != ""
	})
	return len(n.nameless) == 0
}

// name names the event, and forgets what is deleted.
func (n *naming) name(e events.Event) namedEvent {
	n.mu.Lock()
	defer n.mu.Unlock()
	named := namedEvent{e, n.known.networks[e.Network], n.known.endpoints[e.Endpoint]}
	switch e.Kind {
	case events.Kind(driver.NetworkDeleted):
		delete(n.known.networks, e.Network)
		delete(n.nameless, string(e.Network))
	case events.Kind(driver.EndpointDeleted):
		delete(n.known.endpoints, e.Endpoint)
		delete(n.nameless, string(e.Endpoint))
	default:
		n.want(string(e.Network), named.NetworkName)
		n.want(string(e.Endpoint), named.Container)
	}
	return named
}

// want has the name asked for where there is none.
func (n *naming) want(id, name string) {
	if id == "" || name != "" {
		return
	}
	n.nameless[id] = true
	select {
	case n.wake <- struct{}{}:
	default: // it is asked for already
	}
}
