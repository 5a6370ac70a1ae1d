package driver

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Config is what a driver works with.
type Config struct {
	State    State
	Links    Links
	Firewall Firewall
	Ports    HostPorts
	Log      logrus.FieldLogger
	// Observe may be nil.
	Observe Observe
	// DirectRouting lets everybody who routes to containers' own addresses reach
	// their published ports there.
	DirectRouting bool
	// EngineBridges are the bridges of the engine's own driver.
	EngineBridges []link.Name
}

// Open returns a driver of what the state keeps, with the kernel brought in
// line: what a crash cut short is finished or undone, bridges, rules and held
// ports that are missing (after a reboot, all) are made again. Networks and
// endpoints that only the kernel knows are taken in again.
//
// A network that cannot be restored is logged and kept, so that the others work
// and it can be deleted; without the packet filter Open fails.
func Open(ctx context.Context, config Config) (*Driver, error) {
	d, err := load(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := d.recoverFromLinks(ctx); err != nil {
		return nil, err
	}
	// The rules come first: until they are told to, the packet filter's back ends
	// leave what an earlier process made as it is.
	var filtered []firewall.NetworkState
	for _, n := range d.networks {
		if n.Phase != Ready {
			continue
		}
		if err := d.restoreLinks(ctx, n); err != nil {
			d.logNetwork(n).WithError(err).Error("network could not be restored")
		}
		d.resumePorts(n)
		filtered = append(filtered, d.filteredState(n))
	}
	state := firewall.State{Networks: filtered, EngineBridges: config.EngineBridges}
	if err := d.firewall.Restore(ctx, state); err != nil {
		return nil, fmt.Errorf("restoring the rules of %d networks: %w", len(filtered), err)
	}
	d.finish(ctx)
	return d, nil
}

// finish undoes creations and ends deletions that were cut short. Their rules are
// gone, and none of their ports is held.
func (d *Driver) finish(ctx context.Context) {
	for _, n := range d.networks {
		if n.Phase != Ready {
			d.leave(n.leftover(true))
			d.logNetwork(n).WithField("phase", n.Phase).Warn("unfinished network found, removing it")
			continue
		}
		for _, endpoint := range n.endpoints {
			if endpoint.Phase != Ready {
				d.leave(n.leftoverOf(endpoint, true))
			}
		}
	}
	if err := d.reap(ctx); err != nil {
		d.log.WithError(err).Error("deletions could not be finished, trying again")
	}
}

// restoreLinks also keeps the MAC that a bridge of somebody else's has now.
func (d *Driver) restoreLinks(ctx context.Context, n *network) error {
	before := n.BridgeMAC
	err := d.ensureLinks(ctx, n)
	if n.BridgeMAC != before {
		err = errors.Join(err, d.state.PutNetwork(ctx, n.Network))
	}
	return err
}

// resumePorts holds the network's published ports again.
func (d *Driver) resumePorts(n *network) {
	for _, endpoint := range n.endpoints {
		if endpoint.Phase != Ready {
			continue
		}
		d.resume(n, endpoint, endpoint.HostPorts)
		if unheld := n.unheld[endpoint.ID]; len(unheld) > 0 {
			d.logEndpoint(endpoint).WithField("ports", unheld).Error("published ports could not be held again: another process has them")
		}
	}
}
