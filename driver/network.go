package driver

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Subnet is a network's subnet of one family; the zero value stands for none.
type Subnet struct {
	Pool netip.Prefix `json:"pool"`
	// Gateway is an address of Pool with Pool's length; zero where there is none.
	Gateway netip.Prefix `json:"gateway"`
	// Managed says that this plugin's address manager gave the pool.
	Managed bool `json:"managed"`
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
	gone      bool
}

func newNetwork(record Network) *network {
	return &network{Weighted: semaphore.NewWeighted(1), Network: record, endpoints: map[EndpointID]Endpoint{}}
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
	b := link.Bridge{Name: n.Bridge, Network: string(n.ID), MTU: n.MTU, MAC: n.BridgeMAC, Note: n.note()}
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if subnet.Gateway.IsValid() {
			b.Gateways = append(b.Gateways, subnet.Gateway)
		}
	}
	return b
}

// filtered is the network as the packet filter should see it.
func (n *network) filtered() firewall.Network {
	f := firewall.Network{ID: string(n.ID), Bridge: n.Bridge, Masquerade: n.Masquerade, Internal: n.Internal}
	for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
		if subnet.Pool.IsValid() {
			f.Subnets = append(f.Subnets, subnet.Pool)
		}
	}
	return f
}
