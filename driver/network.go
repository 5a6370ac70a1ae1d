package driver

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// Subnet is a network's subnet of one family; the zero value stands for none.
type Subnet struct {
	Pool netip.Prefix `json:"pool"`
	// Gateway is an address of Pool with Pool's length; zero where there is none.
	Gateway netip.Prefix `json:"gateway"`
	// Managed says that this plugin's address manager gave the pool.
	Managed bool `json:"managed"`
	// Mode is firewall.NAT where it is empty.
	Mode firewall.Mode `json:"mode,omitempty"`
	// Source is the address that packets get which leave the network; zero for
	// that of the link they leave by.
	Source netip.Addr `json:"source"`
}

// mode is the subnet's, the default filled in.
func (s Subnet) mode() firewall.Mode {
	if s.Mode == "" {
		return firewall.NAT
	}
	return s.Mode
}

// NetworkConfig is a network as it was asked for.
type NetworkConfig struct {
	ID NetworkID `json:"id"`
	// BridgeName is the user's choice, empty for a name from the ID.
	BridgeName link.Name `json:"bridgeName,omitempty"`
	// MTU in bytes, 68 to 65535, with IPv6 from 1280 (RFC 791, RFC 8200); 0 for
	// the kernel's default.
	MTU        int    `json:"mtu,omitempty"`
	Masquerade bool   `json:"masquerade"`
	Internal   bool   `json:"internal"`
	IPv4       Subnet `json:"ipv4"`
	IPv6       Subnet `json:"ipv6"`
	// NoICC keeps the network's containers from reaching each other.
	NoICC bool `json:"noICC,omitempty"`
	// AllowSpoofing lets containers send with addresses of others.
	AllowSpoofing bool `json:"allowSpoofing,omitempty"`
	// InhibitIPv4 leaves the bridge without an IPv4 address; somebody else is
	// the gateway.
	InhibitIPv4 bool `json:"inhibitIPv4,omitempty"`
	// HostBinding is the host address of published ports that name none; zero
	// for all addresses.
	HostBinding netip.Addr `json:"hostBinding"`
	// InterfacePrefix begins the names of interfaces in containers, empty for eth.
	InterfacePrefix link.Name `json:"interfacePrefix,omitempty"`
	// TrustedInterfaces are host interfaces from which published ports are
	// reached at the containers' own addresses.
	TrustedInterfaces []link.Name `json:"trustedInterfaces,omitempty"`
}

// Phase says how far a record's making or unmaking is.
type Phase string

// A record that is Creating when the driver opens is undone, one that is
// Deleting is deleted.
const (
	Creating Phase = "creating"
	Ready    Phase = "ready"
	Deleting Phase = "deleting"
)

// Network is a network as it is kept.
type Network struct {
	NetworkConfig
	Bridge link.Name `json:"bridge"`
	// OwnsBridge is false where the bridge was there before the network.
	OwnsBridge bool     `json:"ownsBridge"`
	BridgeMAC  link.MAC `json:"bridgeMAC"`
	Phase      Phase    `json:"phase"`
}

// network is a Network at work. Who holds the lock may read and change it.
type network struct {
	*semaphore.Weighted
	Network
	endpoints map[EndpointID]Endpoint
	// unsettled are endpoints whose ports failed to be taken back: the state or
	// the rules still have them.
	unsettled map[EndpointID]bool
	// joined are endpoints that a container is attached to; all that there were
	// when the driver was opened count as such.
	joined map[EndpointID]bool
	// unheld are published ports that another process had when they were to be
	// held again.
	unheld map[EndpointID][]hostport.Mapping
	gone   bool
}

func newNetwork(record Network) *network {
	return &network{
		Weighted:  semaphore.NewWeighted(1),
		Network:   record,
		endpoints: map[EndpointID]Endpoint{},
		unsettled: map[EndpointID]bool{},
		joined:    map[EndpointID]bool{},
		unheld:    map[EndpointID][]hostport.Mapping{},
	}
}

func (n *network) lock(ctx context.Context) error {
	if err := n.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for another call on network %s: %w", n.ID.Short(), err)
	}
	return nil
}

func (n *network) unlock() { n.Release(1) }

// setPhase commits how far the network is. It is that far even where the commit
// fails: the engine repeats no deletion.
func (d *Driver) setPhase(ctx context.Context, n *network, phase Phase) error {
	n.Phase = phase
	if err := d.state.PutNetwork(ctx, n.Network); err != nil {
		return fmt.Errorf("keeping that the network is %s: %w", phase, err)
	}
	return nil
}

// lockedNetwork returns the network locked, or ErrUnknownNetwork.
func (d *Driver) lockedNetwork(ctx context.Context, id NetworkID) (*network, error) {
	d.mu.Lock()
	n, ok := d.networks[id]
	d.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("network %s: %w", id.Short(), ErrUnknownNetwork)
	}
	if err := n.lock(ctx); err != nil {
		return nil, err
	}
	if n.gone {
		n.unlock()
		return nil, fmt.Errorf("network %s: %w", id.Short(), ErrUnknownNetwork)
	}
	return n, nil
}

func (d *Driver) logNetwork(n *network) logrus.FieldLogger {
	return d.log.WithFields(logrus.Fields{"network": n.ID.Short(), "bridge": n.Bridge})
}

// bridge is the network's bridge as the kernel should have it.
func (n *network) bridge() link.Bridge {
	b := link.Bridge{Name: n.Bridge, Network: string(n.ID), MTU: n.MTU, MAC: n.BridgeMAC, Foreign: !n.OwnsBridge, Note: n.note()}
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if n.isGateway(subnet) {
			b.Gateways = append(b.Gateways, subnet.Gateway)
		}
	}
	return b
}

// isGateway reports whether the bridge has the subnet's gateway address.
func (n *network) isGateway(subnet Subnet) bool {
	inhibited := n.InhibitIPv4 && subnet.Gateway.Addr().Is4()
	return subnet.Gateway.IsValid() && subnet.mode() != firewall.Isolated && !inhibited
}

// filtered is the network as the packet filter should see it.
func (d *Driver) filtered(n *network) firewall.Network {
	f := firewall.Network{
		ID:                string(n.ID),
		Bridge:            n.Bridge,
		Foreign:           !n.OwnsBridge,
		BridgeMAC:         n.BridgeMAC,
		Masquerade:        n.Masquerade,
		Internal:          n.Internal,
		NoICC:             n.NoICC,
		Antispoof:         !n.AllowSpoofing,
		TrustedInterfaces: n.TrustedInterfaces,
		DirectRouting:     d.directRouting,
	}
	for _, subnet := range n.subnets() {
		part := firewall.Subnet{
			Prefix:     subnet.Pool,
			OwnGateway: n.OwnsBridge && n.isGateway(subnet),
			Mode:       subnet.mode(),
			Source:     subnet.Source,
		}
		// Whoever is the gateway, its address is not a container's.
		if subnet.mode() != firewall.Isolated {
			part.Gateway = subnet.Gateway.Addr()
		}
		f.Subnets = append(f.Subnets, part)
	}
	return f
}

// subnets are those the network has, IPv4 first.
func (n *network) subnets() []Subnet {
	var subnets []Subnet
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if subnet.Pool.IsValid() {
			subnets = append(subnets, subnet)
		}
	}
	return subnets
}

// subnetOf returns the subnet of the address's family.
func (n *network) subnetOf(a netip.Addr) Subnet {
	if a.Is6() {
		return n.IPv6
	}
	return n.IPv4
}

// prefixes are the network's subnets, for logs.
func (n *network) prefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, subnet := range n.subnets() {
		prefixes = append(prefixes, subnet.Pool)
	}
	return prefixes
}
