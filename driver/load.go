package driver

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Load returns a driver of what the state keeps, and what the packet filter should
// have of it. It changes nothing: it is for looking at what a plugin that does not
// run has left, and for mending it. Ports are not held by such a driver.
func Load(ctx context.Context, config Config) (*Driver, firewall.State, error) {
	d, err := load(ctx, config)
	if err != nil {
		return nil, firewall.State{}, err
	}
	state := firewall.State{EngineBridges: config.EngineBridges}
	for _, n := range d.networks {
		if n.Phase == Ready {
			state.Networks = append(state.Networks, d.filteredState(n))
		}
	}
	return d, state, nil
}

// filteredState is the network as the packet filter should see it, with its
// endpoints.
func (d *Driver) filteredState(n *network) firewall.NetworkState {
	state := firewall.NetworkState{Network: d.filtered(n)}
	for _, endpoint := range n.endpoints {
		if endpoint.Phase == Ready {
			state.Endpoints = append(state.Endpoints, n.filteredEndpoint(endpoint))
		}
	}
	return state
}

// load returns a driver that knows what is kept.
func load(ctx context.Context, config Config) (*Driver, error) {
	d := &Driver{
		state:         config.State,
		links:         config.Links,
		firewall:      config.Firewall,
		ports:         config.Ports,
		log:           config.Log,
		observe:       config.Observe,
		directRouting: config.DirectRouting,
		networks:      map[NetworkID]*network{},
		left:          map[Deletion]*leftover{},
		leaving:       make(chan struct{}, 1),
		reaping:       semaphore.NewWeighted(1),
		names:         map[link.Name]NetworkID{},
		sandboxes:     sandboxes{},
	}
	if d.observe == nil {
		d.observe = func(Event) {}
	}
	networks, endpoints, err := d.state.LoadNetworks(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading networks: %w", err)
	}
	d.owners = NewOwners(networks, endpoints)
	for _, record := range networks {
		d.networks[record.ID] = newNetwork(record)
		d.names[record.Bridge] = record.ID
	}
	for _, record := range endpoints {
		n, ok := d.networks[record.Network]
		if !ok {
			return nil, fmt.Errorf("endpoint %s: %w: %s", record.ID.Short(), ErrUnknownNetwork, record.Network.Short())
		}
		n.endpoints[record.ID] = record
		n.joined[record.ID] = true
		d.names[record.Link] = record.Network
		d.sandboxes.enter(record)
	}
	return d, nil
}
