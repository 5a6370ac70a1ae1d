package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// EndpointConfig is an endpoint as it was asked for.
type EndpointConfig struct {
	Network NetworkID  `json:"network"`
	ID      EndpointID `json:"id"`
	// IPv4 and IPv6 are addresses with their subnet's length; zero for none.
	IPv4 netip.Prefix `json:"ipv4"`
	IPv6 netip.Prefix `json:"ipv6"`
	// MAC is zero where the choice is ours.
	MAC link.MAC `json:"mac"`
	// InterfaceName is the interface's in the container, empty for one that is
	// numbered.
	InterfaceName link.Name `json:"interfaceName,omitempty"`
	// OpenPorts are published, if not by a host port then by being reached at the
	// container's own address.
	OpenPorts []PortRequest `json:"openPorts,omitempty"`
}

// Endpoint is an endpoint as it is kept.
type Endpoint struct {
	EndpointConfig
	// ChosenMAC is the container's MAC: the one asked for or ours.
	ChosenMAC link.MAC `json:"chosenMAC"`
	// Link is the bridge's end of the veth pair, Peer the container's.
	Link  link.Name `json:"link"`
	Peer  link.Name `json:"peer"`
	Phase Phase     `json:"phase"`
	// Sandbox tells the container that it is attached to, empty for none; Homes
	// are the bridges of the other networks that this is on.
	Sandbox string      `json:"sandbox,omitempty"`
	Homes   []link.Name `json:"homes,omitempty"`
	// Interface is what the engine called the interface in the container, empty
	// where nobody has looked yet.
	Interface link.Name `json:"interface,omitempty"`
	// Publication is what was asked to be published on host ports, and HostPorts
	// what came of it.
	Publication Publication        `json:"publication"`
	HostPorts   []hostport.Mapping `json:"hostPorts,omitempty"`
}

// CreateEndpoint enters an endpoint and returns it with its MAC. Repeated for
// an endpoint that is there it succeeds if nothing differs. It fails with
// ErrUnknownNetwork, ErrInvalid, ErrConflict, ErrFull or ErrExists.
func (d *Driver) CreateEndpoint(ctx context.Context, config EndpointConfig) (Endpoint, error) {
	n, err := d.lockedFor(ctx, config)
	if err != nil {
		return Endpoint{}, err
	}
	defer n.unlock()
	if there, ok := n.endpoints[config.ID]; ok && there.Phase == Ready {
		if !reflect.DeepEqual(there.EndpointConfig, config) {
			return Endpoint{}, fmt.Errorf("endpoint %s %w", config.ID.Short(), ErrExists)
		}
		return there, nil
	}
	if err := n.checkEndpoint(config); err != nil {
		return Endpoint{}, fmt.Errorf("creating endpoint %s: %w", config.ID.Short(), err)
	}
	endpoint, err := d.claimEndpoint(config)
	if err != nil {
		return Endpoint{}, err
	}
	if err := d.keepEndpoint(ctx, endpoint); err != nil {
		d.releaseEndpoint(endpoint)
		return Endpoint{}, err
	}
	n.endpoints[endpoint.ID] = endpoint
	d.logEndpoint(endpoint).WithFields(logrus.Fields{"addresses": endpoint.addresses(), "mac": endpoint.ChosenMAC}).Info("endpoint created")
	d.tellOfEndpoint(EndpointCreated, endpoint)
	return endpoint, nil
}

// lockedFor returns the network that the endpoint is for, locked. What deletions still
// have of what it needs is gone then.
func (d *Driver) lockedFor(ctx context.Context, config EndpointConfig) (*network, error) {
	need := fmt.Sprintf("the ID or address of endpoint %s", config.ID.Short())
	if err := d.reapIf(ctx, need, func(left *leftover) bool { return left.isInTheWayOfEndpoint(config) }); err != nil {
		return nil, err
	}
	n, err := d.lockedNetwork(ctx, config.Network)
	if err != nil || len(n.endpoints) < link.MostPorts {
		return n, err
	}
	n.unlock()
	need = fmt.Sprintf("the last port of network %s", config.Network.Short())
	if err := d.reapIf(ctx, need, func(left *leftover) bool { return left.record.ID == config.Network }); err != nil {
		return nil, err
	}
	return d.lockedNetwork(ctx, config.Network)
}

// checkEndpoint finds addresses that no endpoint of the network can have.
func (n *network) checkEndpoint(config EndpointConfig) error {
	if n.Phase != Ready {
		return fmt.Errorf("network %s is %s: %w", n.ID.Short(), n.Phase, ErrUnknownNetwork)
	}
	if len(n.endpoints) >= link.MostPorts {
		return fmt.Errorf("network %s %w: bridge %s has %d containers, the most that the kernel allows on one: use another network",
			n.ID.Short(), ErrFull, n.Bridge, len(n.endpoints))
	}
	for _, family := range []struct {
		address netip.Prefix
		subnet  Subnet
	}{{config.IPv4, n.IPv4}, {config.IPv6, n.IPv6}} {
		if !family.address.IsValid() {
			continue
		}
		if !family.subnet.Pool.IsValid() || !family.subnet.Pool.Contains(family.address.Addr()) {
			return fmt.Errorf("address %s outside the network's subnet %s %w", family.address, family.subnet.Pool, ErrInvalid)
		}
		if family.address.Addr() == family.subnet.Gateway.Addr() {
			return fmt.Errorf("address %s %w by the gateway", family.address, ErrConflict)
		}
	}
	for _, other := range n.endpoints {
		if other.ID == config.ID {
			return fmt.Errorf("endpoint %s %w by a deletion that is not finished", config.ID.Short(), ErrConflict)
		}
		if config.IPv4.IsValid() && config.IPv4.Addr() == other.IPv4.Addr() || config.IPv6.IsValid() && config.IPv6.Addr() == other.IPv6.Addr() {
			return fmt.Errorf("address %v %w by endpoint %s", config.addresses(), ErrConflict, other.ID.Short())
		}
	}
	return nil
}

// claimEndpoint gives the endpoint its MAC and link names, and enters it as the
// owner of its addresses.
func (d *Driver) claimEndpoint(config EndpointConfig) (Endpoint, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	endpoint := Endpoint{EndpointConfig: config, ChosenMAC: config.MAC, Phase: Ready}
	if endpoint.ChosenMAC.IsZero() {
		endpoint.ChosenMAC = config.chooseMAC()
	}
	endpoint.Link = d.freeName(linkPrefix, string(config.ID))
	endpoint.Peer = peerOf(endpoint.Link)
	if err := d.claimName(endpoint.Link, config.Network); err != nil {
		return Endpoint{}, err
	}
	d.owners.addEndpoint(endpoint)
	return endpoint, nil
}

// chooseMAC derives the MAC from an address of the endpoint's, where it has one:
// engine 20.10, and 28 with an address manager that is a plugin, tell no neighbour
// that an address has moved.
func (c EndpointConfig) chooseMAC() link.MAC {
	if addrs := c.addrs(); len(addrs) > 0 {
		return link.DerivedMAC(string(c.Network), addrs[0])
	}
	return link.RandomMAC()
}

// releaseEndpoint takes back what claimEndpoint gave.
func (d *Driver) releaseEndpoint(endpoint Endpoint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, endpoint.Link)
	d.owners.removeEndpoint(endpoint)
	d.sandboxes.remove(endpoint)
}

// keepEndpoint commits the endpoint, and takes it back where the deadline has
// passed meanwhile: the engine has been told that the call failed.
func (d *Driver) keepEndpoint(ctx context.Context, endpoint Endpoint) error {
	if err := d.state.PutEndpoint(ctx, endpoint); err != nil {
		return fmt.Errorf("keeping endpoint %s: %w", endpoint.ID.Short(), err)
	}
	if err := ctx.Err(); err != nil {
		undo, cancel := undoContext(ctx)
		defer cancel()
		return errors.Join(err, d.state.Forget(undo, Deletion{endpoint.Network, endpoint.ID}))
	}
	return nil
}

// EndpointExists fails with ErrUnknownNetwork or ErrUnknownEndpoint.
func (d *Driver) EndpointExists(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, _, err := d.lockedEndpoint(ctx, networkID, id)
	if err == nil {
		n.unlock()
	}
	return err
}

// lockedEndpoint returns the endpoint with its network locked. One that is being
// deleted is unknown.
func (d *Driver) lockedEndpoint(ctx context.Context, networkID NetworkID, id EndpointID) (*network, Endpoint, error) {
	n, err := d.lockedNetwork(ctx, networkID)
	if err != nil {
		return nil, Endpoint{}, err
	}
	endpoint, ok := n.endpoints[id]
	if !ok || endpoint.Phase != Ready || n.Phase != Ready {
		n.unlock()
		return nil, Endpoint{}, fmt.Errorf("endpoint %s of network %s: %w", id.Short(), networkID.Short(), ErrUnknownEndpoint)
	}
	return n, endpoint, nil
}

func (d *Driver) logEndpoint(endpoint Endpoint) logrus.FieldLogger {
	return d.log.WithFields(logrus.Fields{"network": endpoint.Network.Short(), "endpoint": endpoint.ID.Short()})
}

// veth is the endpoint's pair as the kernel should have it.
func (n *network) veth(endpoint Endpoint) link.Veth {
	return link.Veth{
		Name:      endpoint.Link,
		Peer:      endpoint.Peer,
		Bridge:    n.Bridge,
		Network:   string(n.ID),
		Endpoint:  string(endpoint.ID),
		Addresses: endpoint.addresses(),
		MTU:       n.MTU,
		MAC:       endpoint.ChosenMAC,
		Isolated:  n.NoICC,
	}
}

// filteredEndpoint is the endpoint as the packet filter should see it.
func (n *network) filteredEndpoint(e Endpoint) firewall.Endpoint {
	return firewall.Endpoint{
		ID:        string(e.ID),
		Link:      e.Link,
		MAC:       e.ChosenMAC,
		Addresses: e.addrs(),
		Ports:     n.published(e),
		Homes:     e.Homes,
	}
}

// logForgetting is all that is done about connections that could not be
// forgotten: they only end later.
func (d *Driver) logForgetting(endpoint Endpoint, err error) {
	if err != nil {
		d.logEndpoint(endpoint).WithError(err).Warn("old connections could not be forgotten")
	}
}

// addresses are those the endpoint has, IPv4 first.
func (c EndpointConfig) addresses() []netip.Prefix {
	var addresses []netip.Prefix
	for _, address := range []netip.Prefix{c.IPv4, c.IPv6} {
		if address.IsValid() {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// addrs are the endpoint's addresses alone, IPv4 first.
func (c EndpointConfig) addrs() []netip.Addr {
	var addrs []netip.Addr
	for _, address := range c.addresses() {
		addrs = append(addrs, address.Addr())
	}
	return addrs
}
