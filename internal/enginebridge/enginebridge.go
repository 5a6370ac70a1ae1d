// Package enginebridge finds the bridges that the engine's own driver made, and
// keeps the packet filter told of them: engines up to 27 leave it to the policy of
// FORWARD that nobody opens connections to their containers, and what we accept
// would pass by that. It only looks.
package enginebridge

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/link"
	"mybridge/internal/outage"
	"mybridge/internal/watch"
)

// Links tells which bridges there are, and when that changes.
type Links interface {
	Bridges(ctx context.Context) ([]link.Name, error)
	// WatchBridges calls changed when it begins and whenever a bridge came or
	// went, until ctx is done or the watch is lost.
	WatchBridges(ctx context.Context, changed func()) error
}

// Chains tells which bridges stand in the engine's own chains: those whose name a
// user chose are known only by that.
type Chains interface {
	EngineBridges(ctx context.Context) ([]link.Name, error)
}

// Filter is told of the engine's bridges.
type Filter interface {
	SetEngineBridges(ctx context.Context, bridges []link.Name) error
}

// Follower looks for the engine's bridges.
type Follower struct {
	Links Links
	// Chains is nil where there is no iptables.
	Chains Chains
	Filter Filter
	Log    logrus.FieldLogger
}

// namePattern is what the engine calls its bridges unless a user says otherwise
// (its packages drivers/bridge and network).
var namePattern = regexp.MustCompile(`^(docker0|docker_gwbridge|br-[0-9a-f]{12})$`)

// Find returns the engine's bridges.
func (f Follower) Find(ctx context.Context) ([]link.Name, error) {
	bridges, err := f.Links.Bridges(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for the engine's bridges: %w", err)
	}
	bridges = slices.DeleteFunc(bridges, func(name link.Name) bool { return !namePattern.MatchString(string(name)) })
	if f.Chains != nil {
		chosen, err := f.Chains.EngineBridges(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for bridges in the engine's chains: %w", err)
		}
		bridges = append(bridges, chosen...)
	}
	slices.Sort(bridges)
	return slices.Compact(bridges), nil
}

// refresh tells the filter what Find finds.
func (f Follower) refresh(ctx context.Context) error {
	bridges, err := f.Find(ctx)
	if err != nil {
		return err
	}
	return f.Filter.SetEngineBridges(ctx, bridges)
}

// The engine makes a bridge first and its chains' rules a moment later, so it is
// looked for twice after a change.
const (
	soon      = 100 * time.Millisecond
	afterward = 2 * time.Second
)

// Follow refreshes whenever the host's bridges change, until ctx is done.
func (f Follower) Follow(ctx context.Context) {
	changed := make(chan struct{}, 1)
	go watch.Keep(ctx, f.Links.WatchBridges, afterward, changed, func(err error) {
		f.Log.WithError(err).Warn("watch of the host's bridges was lost, watching again")
	})
	var failing outage.Outage
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		for _, wait := range []time.Duration{soon, afterward} {
			if !watch.Pause(ctx, wait) {
				return
			}
			err := f.refresh(ctx)
			if ctx.Err() != nil {
				return
			}
			failing.Note(f.Log, err, "the engine's bridges are not known: containers may reach them", "the engine's bridges are known again")
		}
	}
}
