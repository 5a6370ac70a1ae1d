package driver

import (
	"context"
	"fmt"
	"slices"

	"mybridge/internal/link"
)

// sandboxes are the endpoints of each container: the engine says at Join only
// which sandbox it is. What a container publishes on one of its networks is
// reached from its others in another way (firewall.Endpoint.Homes).
type sandboxes map[string]map[EndpointID]NetworkID

func (s sandboxes) enter(e Endpoint) {
	if e.Sandbox == "" {
		return
	}
	if s[e.Sandbox] == nil {
		s[e.Sandbox] = map[EndpointID]NetworkID{}
	}
	s[e.Sandbox][e.ID] = e.Network
}

func (s sandboxes) remove(e Endpoint) {
	delete(s[e.Sandbox], e.ID)
	if len(s[e.Sandbox]) == 0 {
		delete(s, e.Sandbox)
	}
}

// enterSandbox remembers in which sandbox the endpoint is. That is kept with the
// next change of its record, at the latest when its interface has been seen there:
// until then only what is published depends on it.
func (d *Driver) enterSandbox(n *network, endpoint Endpoint, sandbox string) Endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sandboxes.remove(endpoint)
	if endpoint.Sandbox != sandbox {
		endpoint.Interface = ""
	}
	endpoint.Sandbox = sandbox
	d.sandboxes.enter(endpoint)
	n.endpoints[endpoint.ID] = endpoint
	return endpoint
}

// homes are the bridges of the other networks that the endpoint's container is on.
func (d *Driver) homes(endpoint Endpoint) []link.Name {
	d.mu.Lock()
	defer d.mu.Unlock()
	var homes []link.Name
	for id, networkID := range d.sandboxes[endpoint.Sandbox] {
		if n, ok := d.networks[networkID]; ok && id != endpoint.ID && !slices.Contains(homes, n.Bridge) {
			homes = append(homes, n.Bridge)
		}
	}
	slices.Sort(homes)
	return homes
}

// tellSiblings has the container's endpoints that publish ports take note that it
// is on one more network. No network may be locked. It is no part of any call:
// what fails is told, and holds until the ports are published again.
func (d *Driver) tellSiblings(ctx context.Context, endpoint Endpoint) {
	d.mu.Lock()
	siblings := map[EndpointID]NetworkID{}
	for id, networkID := range d.sandboxes[endpoint.Sandbox] {
		if id != endpoint.ID {
			siblings[id] = networkID
		}
	}
	d.mu.Unlock()
	for id, networkID := range siblings {
		if err := d.refreshHomes(ctx, networkID, id); err != nil {
			d.logEndpoint(endpoint).WithError(err).Warn("ports of the container are not reached from this network")
		}
	}
}

func (d *Driver) refreshHomes(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if err != nil {
		return err
	}
	defer n.unlock()
	if len(endpoint.HostPorts) == 0 {
		return nil
	}
	homes := d.homes(endpoint)
	if slices.Equal(homes, endpoint.Homes) {
		return nil
	}
	endpoint.Homes = homes
	if err := d.state.PutEndpoint(ctx, endpoint); err != nil {
		return fmt.Errorf("keeping endpoint %s: %w", id.Short(), err)
	}
	n.endpoints[id] = endpoint
	return d.firewall.SetEndpoint(ctx, string(n.ID), n.filteredEndpoint(endpoint))
}
