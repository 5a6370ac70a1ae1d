// Package orphan finds what no call of the engine will ever mention again: networks
// and containers that were removed while the plugin was down, and addresses that
// nobody has. It asks the engine, and what the engine has not known for a while it
// removes by the same ways as the engine's own calls.
//
// What is in doubt it only reports. It must never be called while the engine waits
// for an answer of ours, and the engine need not be there.
package orphan

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/engine"
	"mybridge/internal/link"
	"mybridge/ipam"
)

// When an orphan is removed. A creation and a removal of the engine's have a moment
// in which only one of us knows of the network or endpoint; a call ends after 45 s
// at the latest.
const (
	// grace is how long the engine has not known it at least.
	grace = time.Minute
	// sightings is how often it was looked for at least.
	sightings = 3
	// first is the time until the first look, interval that between two.
	first    = 5 * time.Second
	interval = 30 * time.Second
	// secondLook is how much later a person who asks is told only what is still
	// there: what the engine is at meanwhile takes less.
	secondLook = 3 * time.Second
)

// Networks is the driver.
type Networks interface {
	Records(ctx context.Context) ([]driver.Network, []driver.Endpoint, error)
	DeleteNetwork(ctx context.Context, id driver.NetworkID) error
	DeleteEndpoint(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error
	// FinishDeletions returns when nothing uses the addresses of what was deleted.
	FinishDeletions(ctx context.Context) error
}

// Addresses is the address manager.
type Addresses interface {
	Unused() []ipam.Unused
	ReleaseUnusedPool(ctx context.Context, id ipam.PoolID, moment time.Time) error
	ReleaseUnusedLease(ctx context.Context, id ipam.PoolID, address netip.Addr, moment time.Time) error
}

// Links tells which links are in use, whatever records say.
type Links interface {
	InContainer(ctx context.Context) (map[link.Name]bool, error)
}

// Engines remembers which engine has known networks of ours. One that does not know
// them any more has removed them; another never had them.
type Engines interface {
	// KnownEngine returns the engine's ID, empty where none is known yet.
	KnownEngine(ctx context.Context) (string, error)
	KeepEngine(ctx context.Context, id string) error
}

// Engine is asked; it may be another than the one whose networks ours are.
type Engine interface {
	ID(ctx context.Context) (string, error)
	Networks(ctx context.Context) ([]engine.Network, error)
	Details(ctx context.Context, id string) (details engine.Details, found bool, err error)
	Containers(ctx context.Context) ([]engine.Container, error)
}

// Finder looks for orphans. Its methods may be called concurrently.
type Finder struct {
	// Name is the driver's, by which the engine's networks of ours are known.
	Name      string
	Networks  Networks
	Addresses Addresses
	Links     Links
	Engines   Engines
	Log       logrus.FieldLogger

	// mu guards seen.
	mu sync.Mutex
	// seen is what Run has found, and is waiting for.
	seen map[subject]sighting
}

// sighting is since when something is seen, and how often it was.
type sighting struct {
	first time.Time
	times int
}
