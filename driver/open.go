package driver

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Open returns a driver of what the state keeps, with the kernel brought in
// line: what a crash cut short is finished or undone, bridges and rules that
// are missing (after a reboot, all) are made again. Networks and endpoints that
// only the kernel knows are taken in again.
//
// A network that cannot be restored is logged and kept, so that the others work
// and it can be deleted; without the packet filter Open fails.
func Open(ctx context.Context, state State, links Links, filter Firewall, log logrus.FieldLogger) (*Driver, error) {
	d := &Driver{
		state:      state,
		links:      links,
		firewall:   filter,
		log:        log,
		networks:   map[NetworkID]*network{},
		unfinished: map[NetworkID]*network{},
		names:      map[link.Name]NetworkID{},
	}
	if err := d.load(ctx); err != nil {
		return nil, err
	}
	if err := d.recoverFromLinks(ctx); err != nil {
		return nil, err
	}
	var filtered []firewall.Network
	for _, n := range d.networks {
		if n.Phase != Ready {
			d.finishNetwork(ctx, n)
			continue
		}
		if err := d.ensureLinks(ctx, n); err != nil {
			d.logNetwork(n).WithError(err).Error("network could not be restored")
		}
		if err := d.finishEndpoints(ctx, n); err != nil {
			d.logNetwork(n).WithError(err).Error("deletion of an endpoint could not be finished")
		}
		filtered = append(filtered, n.filtered())
	}
	if err := d.firewall.Restore(ctx, filtered); err != nil {
		return nil, fmt.Errorf("restoring the rules of %d networks: %w", len(filtered), err)
	}
	return d, nil
}

// load fills the driver with what is kept.
func (d *Driver) load(ctx context.Context) error {
	networks, endpoints, err := d.state.LoadNetworks(ctx)
	if err != nil {
		return fmt.Errorf("loading networks: %w", err)
	}
	d.owners = NewOwners(networks, endpoints)
	for _, record := range networks {
		d.networks[record.ID] = newNetwork(record)
		d.names[record.Bridge] = record.ID
	}
	for _, record := range endpoints {
		n, ok := d.networks[record.Network]
		if !ok {
			return fmt.Errorf("endpoint %s: %w: %s", record.ID.Short(), ErrUnknownNetwork, record.Network.Short())
		}
		n.endpoints[record.ID] = record
		d.names[record.Link] = record.Network
	}
	return nil
}
