package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"mybridge/ipam"
)

// Network is a network of any driver, as the engine lists it.
type Network struct {
	ID, Name string
	// Driver and AddressDriver are the names of its driver and its address
	// manager; that of a managed plugin has its tag.
	Driver, AddressDriver string
	Subnets               []netip.Prefix
}

// Details is what the engine only tells of a single network.
type Details struct {
	// Endpoints are the IDs of all endpoints there are.
	Endpoints []string
	Facts     []ipam.Fact
}

// ID returns what tells the engine from all others: its ID, and where its state is, as
// engines of one host have the same ID up to 24.
func (c *Client) ID(ctx context.Context) (string, error) {
	var info struct{ ID, DockerRootDir string }
	if err := c.get(ctx, "/info", &info); err != nil {
		return "", err
	}
	if info.ID == "" {
		return "", errors.New("the engine tells no ID of its own")
	}
	return info.ID + " " + info.DockerRootDir, nil
}

// Networks returns all networks. It returns none where one is not understood.
func (c *Client) Networks(ctx context.Context) ([]Network, error) {
	var listed []network
	if err := c.get(ctx, "/networks", &listed); err != nil {
		return nil, err
	}
	var networks []Network
	for _, l := range listed {
		n := Network{ID: l.ID, Name: l.Name, Driver: l.Driver, AddressDriver: l.IPAM.Driver}
		for _, config := range l.IPAM.Config {
			// Other address managers know subnets that ours does not give.
			subnet, err := netip.ParsePrefix(config.Subnet)
			if err != nil {
				return nil, fmt.Errorf("network %.12s of the engine: %w", l.ID, err)
			}
			n.Subnets = append(n.Subnets, subnet.Masked())
		}
		networks = append(networks, n)
	}
	return networks, nil
}

// Details returns what there is of a network; found is false where it was removed.
func (c *Client) Details(ctx context.Context, id string) (details Details, found bool, err error) {
	var n network
	err = c.get(ctx, "/networks/"+url.PathEscape(id), &n)
	if errors.Is(err, errGone) {
		return Details{}, false, nil
	}
	if err != nil {
		return Details{}, false, err
	}
	if details.Facts, err = n.facts(); err != nil {
		return Details{}, false, fmt.Errorf("network %.12s of the engine: %w", id, err)
	}
	for _, container := range n.Containers {
		details.Endpoints = append(details.Endpoints, container.EndpointID)
	}
	return details, true, nil
}

// Uses reports whether the network has the address: for an endpoint, a gateway, or
// as an auxiliary address.
func (d Details) Uses(address netip.Addr) bool {
	for _, fact := range d.Facts {
		if _, used := fact.Used[address]; used || fact.Gateway == address {
			return true
		}
	}
	return false
}
