package driver

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// CreateNetwork makes the network's bridge and rules. Repeated for a network
// that is there it succeeds if nothing differs. It fails with ErrInvalid,
// ErrConflict or ErrExists, or with the kernel's error; then nothing is left.
func (d *Driver) CreateNetwork(ctx context.Context, config NetworkConfig) error {
	if err := config.check(); err != nil {
		return err
	}
	need := fmt.Sprintf("the ID, bridge or subnet of network %s", config.ID.Short())
	if err := d.reapIf(ctx, need, func(left *leftover) bool { return left.isInTheWayOf(config) }); err != nil {
		return err
	}
	n, claimed, err := d.claimNetwork(config)
	if err != nil {
		return err
	}
	if !claimed {
		return d.adopt(ctx, n, config)
	}
	if err := d.raise(ctx, n); err != nil {
		undo, cancel := undoContext(ctx)
		defer cancel()
		// So that nothing is left when the engine hears of it.
		return errors.Join(fmt.Errorf("creating network %s: %w", config.ID.Short(), err), d.reap(undo))
	}
	return nil
}

// raise makes a network that was claimed, and unlocks it. What fails is left to be
// reaped.
func (d *Driver) raise(ctx context.Context, n *network) error {
	defer n.unlock()
	if err := d.keepIntent(ctx, n); err != nil {
		d.forget(n)
		return err
	}
	if err := d.build(ctx, n); err != nil {
		undo, cancel := undoContext(ctx)
		defer cancel()
		return errors.Join(err, d.retireNetwork(undo, n))
	}
	d.logNetwork(n).WithFields(logrus.Fields{"subnets": n.prefixes(), "internal": n.Internal}).Info("network created")
	d.tellOfNetwork(NetworkCreated, n)
	return nil
}

// check finds what no network can have.
func (c NetworkConfig) check() error {
	for _, subnet := range []Subnet{c.IPv4, c.IPv6} {
		if subnet.Gateway.IsValid() && !subnet.Pool.Contains(subnet.Gateway.Addr()) {
			return fmt.Errorf("gateway %s outside its subnet %s %w", subnet.Gateway, subnet.Pool, ErrInvalid)
		}
		if subnet.Gateway.IsValid() && subnet.Gateway.Bits() != subnet.Pool.Bits() {
			return fmt.Errorf("gateway %s with another length than its subnet %s %w", subnet.Gateway, subnet.Pool, ErrInvalid)
		}
	}
	for _, subnet := range []Subnet{c.IPv4, c.IPv6} {
		if subnet.mode() == firewall.Isolated && !c.Internal {
			return fmt.Errorf("gateway mode isolated of a network that is not internal %w: allowed are nat, nat-unprotected and routed, or --internal", ErrInvalid)
		}
	}
	const shortestIPv6MTU = 1280
	if c.IPv6.Pool.IsValid() && c.MTU != 0 && c.MTU < shortestIPv6MTU {
		return fmt.Errorf("MTU %d with IPv6 %w: allowed is %d to 65535", c.MTU, ErrInvalid, shortestIPv6MTU)
	}
	return nil
}

// claimNetwork enters the network, locked, so that no other gets its bridge or
// subnets; or returns the one that has the ID, not locked.
func (d *Driver) claimNetwork(config NetworkConfig) (n *network, claimed bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, ok := d.networks[config.ID]; ok {
		return n, false, nil
	}
	if err := d.checkSubnets(config); err != nil {
		return nil, false, err
	}
	bridge := config.BridgeName
	if bridge == "" {
		bridge = d.freeName("mb-", string(config.ID))
	}
	if err := d.claimName(bridge, config.ID); err != nil {
		return nil, false, err
	}
	n = newNetwork(Network{NetworkConfig: config, Bridge: bridge, BridgeMAC: link.RandomMAC(), Phase: Creating})
	n.TryAcquire(1)
	d.networks[n.ID] = n
	d.swept = false
	d.owners.addNetwork(n.Network)
	return n, true, nil
}

func (d *Driver) checkSubnets(config NetworkConfig) error {
	for _, subnet := range []Subnet{config.IPv4, config.IPv6} {
		if other, network, overlaps := d.owners.overlapping(subnet.Pool); overlaps {
			return fmt.Errorf("subnet %s %w: it overlaps %s of network %s", subnet.Pool, ErrConflict, other, network)
		}
	}
	return nil
}

// adopt answers a repeated CreateNetwork.
func (d *Driver) adopt(ctx context.Context, n *network, config NetworkConfig) error {
	if err := n.lock(ctx); err != nil {
		return err
	}
	defer n.unlock()
	switch {
	case n.gone || n.Phase != Ready:
		return fmt.Errorf("network %s %w by a deletion that is not finished", n.ID.Short(), ErrConflict)
	case !reflect.DeepEqual(n.NetworkConfig, config):
		return fmt.Errorf("network %s %w", n.ID.Short(), ErrExists)
	}
	return nil
}

// keepIntent commits what is about to be made. It says whose the bridge is
// before there is one, so that a crash leaves no doubt.
func (d *Driver) keepIntent(ctx context.Context, n *network) error {
	if n.BridgeName == "" {
		n.OwnsBridge = true
	} else {
		exists, err := d.links.BridgeExists(ctx, n.Bridge)
		if err != nil {
			return fmt.Errorf("option com.docker.network.bridge.name: %w", err)
		}
		n.OwnsBridge = !exists
	}
	if n.OwnsBridge {
		if err := d.checkHost(ctx, n); err != nil {
			return err
		}
	}
	if err := d.state.PutNetwork(ctx, n.Network); err != nil {
		return fmt.Errorf("keeping the network: %w", err)
	}
	return nil
}

// checkHost finds subnets that another link of the host has.
func (d *Driver) checkHost(ctx context.Context, n *network) error {
	for _, gateway := range n.bridge().Gateways {
		// Every link has an address of the link-local subnet.
		if gateway.Addr().IsLinkLocalUnicast() {
			continue
		}
		holder, err := d.links.SubnetHolder(ctx, gateway)
		if err != nil {
			return err
		}
		// A bridge with this name is dealt with when it is made.
		if holder != "" && holder != n.Bridge {
			return fmt.Errorf("subnet %s %w: link %s of the host has an address in it", gateway.Masked(), ErrConflict, holder)
		}
	}
	return nil
}

// build makes the network and commits that it is there.
func (d *Driver) build(ctx context.Context, n *network) error {
	if err := d.ensureLinks(ctx, n); err != nil {
		return err
	}
	if err := d.firewall.SetNetwork(ctx, d.filtered(n)); err != nil {
		return err
	}
	// Past the deadline the engine has been told that the call failed.
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.setPhase(ctx, n, Ready)
}

// ensureLinks makes what the kernel should have of the network, rules aside.
func (d *Driver) ensureLinks(ctx context.Context, n *network) error {
	if !n.OwnsBridge {
		mac, err := d.links.RaiseBridge(ctx, n.Bridge)
		if err != nil {
			return err
		}
		n.BridgeMAC = mac
	} else if err := d.links.EnsureBridge(ctx, n.bridge()); err != nil {
		return err
	}
	if n.Internal {
		return nil
	}
	if n.IPv4.Pool.IsValid() {
		if err := d.links.EnsureForwarding(ctx, false); err != nil {
			return err
		}
	}
	if n.IPv6.Pool.IsValid() {
		return d.links.EnsureForwarding(ctx, true)
	}
	return nil
}
