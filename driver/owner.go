package driver

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/gaissmai/bart"
)

// Owners says who has a subnet or an address, as a person knows them. It is made
// from records, for where no driver is open.
type Owners struct {
	subnets   bart.Table[string]
	addresses map[netip.Addr]string
}

// NewOwners returns the owners of what the records hold.
func NewOwners(networks []Network, endpoints []Endpoint) *Owners {
	o := &Owners{addresses: map[netip.Addr]string{}}
	for _, n := range networks {
		o.addNetwork(n)
	}
	for _, e := range endpoints {
		if e.Phase != Deleting {
			o.addEndpoint(e)
		}
	}
	return o
}

// NetworkOf returns the network that has the subnet.
func (o *Owners) NetworkOf(subnet netip.Prefix) (network string, found bool) {
	return o.subnets.Get(subnet)
}

// EndpointOf returns the endpoint that has the address.
func (o *Owners) EndpointOf(address netip.Addr) (endpoint string, found bool) {
	endpoint, found = o.addresses[address]
	return endpoint, found
}

func (o *Owners) addNetwork(n Network) {
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if subnet.Pool.IsValid() {
			o.subnets.Insert(subnet.Pool, fmt.Sprintf("%s (bridge %s)", n.ID.Short(), n.Bridge))
		}
	}
}

func (o *Owners) removeNetwork(n Network) {
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if subnet.Pool.IsValid() {
			o.subnets.Delete(subnet.Pool)
		}
	}
}

// overlapping returns a subnet that overlaps the given one, which may be invalid, and
// the network that has it.
func (o *Owners) overlapping(subnet netip.Prefix) (other netip.Prefix, network string, overlaps bool) {
	if !subnet.IsValid() {
		return netip.Prefix{}, "", false
	}
	if wider, network, found := o.subnets.LookupPrefixLPM(subnet); found {
		return wider, network, true
	}
	for narrower, network := range o.subnets.Subnets(subnet) {
		return narrower, network, true
	}
	return netip.Prefix{}, "", false
}

func (o *Owners) addEndpoint(e Endpoint) {
	for _, address := range e.addresses() {
		o.addresses[address.Addr()] = fmt.Sprintf("endpoint %s of network %s", e.ID.Short(), e.Network.Short())
	}
}

func (o *Owners) removeEndpoint(e Endpoint) {
	for _, address := range e.addresses() {
		delete(o.addresses, address.Addr())
	}
}

// NetworkOf returns the network that has the subnet.
func (d *Driver) NetworkOf(subnet netip.Prefix) (network string, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owners.NetworkOf(subnet)
}

// EndpointOf returns the endpoint that has the address.
func (d *Driver) EndpointOf(address netip.Addr) (endpoint string, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owners.EndpointOf(address)
}

// EachHolding calls nothing: what the records hold is in the state already.
func (o *Owners) EachHolding(func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr)) {}

// AwaitFree does nothing: where no driver is open, nothing is given.
func (o *Owners) AwaitFree(context.Context, netip.Addr) error { return nil }
