package orphan

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mybridge/driver"
	"mybridge/internal/engine"
	"mybridge/internal/health"
	"mybridge/ipam"
)

// known is what the engine tells.
type known struct {
	engine   Engine
	id       string
	networks map[driver.NetworkID]engine.Network
	// running are the endpoints of containers that run. There are others, which
	// only a network's details tell, at the price of a question each.
	running map[driver.EndpointID]bool
	// details are those asked for so far, nil of a network that is gone.
	details map[driver.NetworkID]*engine.Details
}

func ask(ctx context.Context, e Engine) (known, error) {
	id, err := e.ID(ctx)
	if err != nil {
		return known{}, err
	}
	k := known{e, id, map[driver.NetworkID]engine.Network{}, map[driver.EndpointID]bool{}, map[driver.NetworkID]*engine.Details{}}
	networks, err := e.Networks(ctx)
	if err != nil {
		return known{}, err
	}
	for _, n := range networks {
		k.networks[driver.NetworkID(n.ID)] = n
	}
	containers, err := e.Containers(ctx)
	if err != nil {
		return known{}, err
	}
	for _, container := range containers {
		for _, id := range container.Endpoints {
			k.running[driver.EndpointID(id)] = true
		}
	}
	return k, nil
}

// detailsOf returns nil for a network that was removed meanwhile.
func (k known) detailsOf(ctx context.Context, id driver.NetworkID) (*engine.Details, error) {
	if details, asked := k.details[id]; asked {
		return details, nil
	}
	details, found, err := k.engine.Details(ctx, string(id))
	if err != nil {
		return nil, err
	}
	k.details[id] = nil
	if found {
		k.details[id] = &details
	}
	return k.details[id], nil
}

// holders are the engine's networks that may have the pool from us.
func (k known) holders(subnet netip.Prefix) []engine.Network {
	var holders []engine.Network
	for _, n := range k.networks {
		builtIn := n.AddressDriver == "default" || n.AddressDriver == "null"
		if !builtIn && slices.Contains(n.Subnets, subnet) {
			holders = append(holders, n)
		}
	}
	return holders
}

// comparison is what the engine knows beside what we have.
type comparison struct {
	known
	name string
	ours map[driver.NetworkID]driver.Network
	// bySubnet are our networks whose addresses our address manager gives.
	bySubnet map[netip.Prefix]driver.NetworkID
	// pools counts those of no network of ours, and shared what of all these the
	// engine knows.
	pools, shared int
	// otherEngine says why nothing that the engine tells may be about ours.
	otherEngine string
}

func compare(name string, k known, networks []driver.Network, unused []ipam.Unused) comparison {
	c := comparison{
		known: k, name: name,
		ours:     map[driver.NetworkID]driver.Network{},
		bySubnet: map[netip.Prefix]driver.NetworkID{},
	}
	for _, n := range networks {
		c.ours[n.ID] = n
		for _, subnet := range []driver.Subnet{n.IPv4, n.IPv6} {
			if subnet.Managed {
				c.bySubnet[subnet.Pool] = n.ID
			}
		}
		if _, isKnown := k.networks[n.ID]; isKnown {
			c.shared++
		}
	}
	for _, u := range unused {
		if _, hasNetwork := c.bySubnet[u.Subnet]; hasNetwork || u.Address.IsValid() {
			continue
		}
		c.pools++
		if len(k.holders(u.Subnet)) > 0 {
			c.shared++
		}
	}
	return c
}

// doubtEngine is for an engine that knows nothing of ours, and is not known to have
// done so.
func (c *comparison) doubtEngine() {
	// One of each can be left of a single creation that was cut short.
	if max(len(c.ours), c.pools) > 1 || len(c.strangers()) > 0 {
		c.otherEngine = "the engine knows none of our networks, so it may be another one; if it is the right one, create a network of this driver"
	}
}

// strangers are the engine's networks of our driver that we do not know.
func (c comparison) strangers() []health.Finding {
	var strangers []health.Finding
	for id, n := range c.known.networks {
		if _, isOurs := c.ours[id]; isOurs || !engine.IsDriver(n.Driver, c.name) {
			continue
		}
		strangers = append(strangers, health.Finding{
			Part:    health.Engine,
			Subject: fmt.Sprintf("network %s (%s) of the engine", n.Name, id.Short()),
			Problem: "is not known to the plugin",
			Meaning: "no container on it starts: remove it with docker network rm, and create it again",
		})
	}
	return strangers
}

// networks are ours that the engine does not know.
func (c comparison) networks() []suspect {
	var suspects []suspect
	for id, n := range c.ours {
		if _, isKnown := c.known.networks[id]; isKnown || n.Phase == driver.Creating {
			continue
		}
		s := newNetwork(n)
		s.doubt = c.otherEngine
		suspects = append(suspects, s)
	}
	return suspects
}

// endpoint returns an endpoint that the engine's network does not have. Those of a
// network that is unknown itself go with it.
func (c comparison) endpoint(ctx context.Context, e driver.Endpoint) (s suspect, isSuspect bool, err error) {
	if _, isKnown := c.known.networks[e.Network]; !isKnown || c.running[e.ID] {
		return suspect{}, false, nil
	}
	details, err := c.detailsOf(ctx, e.Network)
	if err != nil || details == nil || slices.Contains(details.Endpoints, string(e.ID)) {
		return suspect{}, false, err
	}
	return newEndpoint(c.ours[e.Network], e), true, nil
}

// unused returns a pool or a lease that no network of the engine's has. Leases of a
// pool that is a suspect itself, or goes with its network, go with that.
func (c comparison) unused(ctx context.Context, u ipam.Unused) (s suspect, isSuspect bool, err error) {
	holders := c.holders(u.Subnet)
	id, isOurs := c.bySubnet[u.Subnet]
	if isOurs {
		n, isKnown := c.known.networks[id]
		if !isKnown {
			return suspect{}, false, nil
		}
		holders = []engine.Network{n}
	}
	s = newUnused(u)
	if !u.Address.IsValid() {
		s.doubt = c.otherEngine
		return s, len(holders) == 0, nil
	}
	for _, n := range holders {
		details, err := c.detailsOf(ctx, driver.NetworkID(n.ID))
		if err != nil || details == nil || details.Uses(u.Address) {
			return suspect{}, false, err
		}
		if !isOurs {
			s.doubt = fmt.Sprintf("its pool is that of network %s of driver %s", n.Name, n.Driver)
		}
	}
	return s, len(holders) > 0, nil
}
