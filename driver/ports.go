package driver

import (
	"context"

	"mybridge/internal/hostport"
)

// PublishedPort is a port that an endpoint publishes.
type PublishedPort struct {
	Network  NetworkID  `json:"network"`
	Endpoint EndpointID `json:"endpoint"`
	hostport.Mapping
}

// PublishedPorts returns what all endpoints publish, in any order.
func (d *Driver) PublishedPorts(ctx context.Context) ([]PublishedPort, error) {
	var ports []PublishedPort
	err := d.eachNetwork(ctx, func(n *network) {
		for _, endpoint := range n.endpoints {
			ports = append(ports, n.publishedPorts(endpoint)...)
		}
	})
	return ports, err
}

// PublishedPorts returns what the endpoints of the records publish, for where no
// driver is open.
func PublishedPorts(networks []Network, endpoints []Endpoint) []PublishedPort {
	byID := map[NetworkID]*network{}
	for _, record := range networks {
		byID[record.ID] = newNetwork(record)
	}
	var ports []PublishedPort
	for _, endpoint := range endpoints {
		if n, ok := byID[endpoint.Network]; ok {
			ports = append(ports, n.publishedPorts(endpoint)...)
		}
	}
	return ports
}

func (n *network) publishedPorts(endpoint Endpoint) []PublishedPort {
	if endpoint.Phase != Ready {
		return nil
	}
	var ports []PublishedPort
	for _, mapping := range n.published(endpoint) {
		ports = append(ports, PublishedPort{Network: n.ID, Endpoint: endpoint.ID, Mapping: mapping})
	}
	return ports
}
