// Package status tells what a plugin has: networks, endpoints and pools as they are
// kept, and what one that runs knows of itself. It touches nothing.
package status

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"mybridge/driver"
	"mybridge/ipam"
)

// Status is what there is.
type Status struct {
	// Plugin is nil where none runs, and NotRunning says so then.
	Plugin     *Plugin `json:"plugin,omitempty"`
	NotRunning string  `json:"notRunning,omitempty"`
	// Networks and Endpoints are in any order.
	Networks  []driver.Network  `json:"networks"`
	Endpoints []driver.Endpoint `json:"endpoints"`
	Pools     []ipam.PoolView   `json:"pools"`
}

// Plugin is a plugin that runs.
type Plugin struct {
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	// Firewall is the back end that sets the rules.
	Firewall string `json:"firewall"`
	// LastCall is when the engine called last, zero where it has not since the start.
	LastCall time.Time `json:"lastCall,omitzero"`
	// Unfinished counts deletions that were answered and whose links are not gone.
	Unfinished int `json:"unfinished"`
	// Busy says why the networks and endpoints are those that the state keeps, empty
	// where they are those that the plugin works with.
	Busy string `json:"busy,omitempty"`
}

// Networks is the driver's part.
type Networks interface {
	Records(ctx context.Context) ([]driver.Network, []driver.Endpoint, error)
	// Backlog is how many deletions are not finished yet.
	Backlog() int
}

// State is what is kept, for where a call holds a network for long.
type State interface {
	LoadNetworks(ctx context.Context) ([]driver.Network, []driver.Endpoint, error)
}

// Addresses is the address manager's part.
type Addresses interface {
	Pools() []ipam.PoolView
}

// patience is how long the networks may take: one tells nothing while a call is at
// work on it.
const patience = time.Second

// Reporter tells the status of a plugin that runs. Its methods may be called
// concurrently; before the first Status its fields are set.
type Reporter struct {
	Version   string
	Since     time.Time
	Firewall  string
	Networks  Networks
	State     State
	Addresses Addresses

	lastCall atomic.Pointer[time.Time]
}

// Called takes note that the engine has called.
func (r *Reporter) Called() {
	now := time.Now()
	r.lastCall.Store(&now)
}

// Status asks the parts.
func (r *Reporter) Status(ctx context.Context) (Status, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	busy := ""
	networks, endpoints, err := r.Networks.Records(limited)
	if err != nil {
		busy = fmt.Sprintf("a call works on a network for more than %s: shown is what the state keeps", patience)
		networks, endpoints, err = r.State.LoadNetworks(ctx)
	}
	if err != nil {
		return Status{}, err
	}
	plugin := &Plugin{
		Version:    r.Version,
		PID:        os.Getpid(),
		Since:      r.Since,
		Firewall:   r.Firewall,
		Unfinished: r.Networks.Backlog(),
		Busy:       busy,
	}
	if last := r.lastCall.Load(); last != nil {
		plugin.LastCall = *last
	}
	return Status{Plugin: plugin, Networks: networks, Endpoints: endpoints, Pools: r.Addresses.Pools()}, nil
}
