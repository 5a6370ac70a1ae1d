package driver

import "context"

// Records returns all networks and endpoints as they are kept, in any order.
func (d *Driver) Records(ctx context.Context) ([]Network, []Endpoint, error) {
	var networks []Network
	var endpoints []Endpoint
	err := d.eachNetwork(ctx, func(n *network) {
		networks = append(networks, n.Network)
		for _, endpoint := range n.endpoints {
			endpoints = append(endpoints, endpoint)
		}
	})
	return networks, endpoints, err
}
