package driver

import (
	"context"
	"fmt"
	"net/netip"

	"mybridge/internal/link"
)

// recoverFromLinks enters networks and endpoints that the kernel has and the
// state does not know: then the state was lost, or is an old copy. A deletion
// removes the link before the record, so nothing that is gone comes back.
func (d *Driver) recoverFromLinks(ctx context.Context) error {
	bridges, veths, err := d.links.Owned(ctx)
	if err != nil {
		return fmt.Errorf("looking for links of ours: %w", err)
	}
	for _, bridge := range bridges {
		if err := d.recoverNetwork(ctx, bridge); err != nil {
			return err
		}
	}
	for _, veth := range veths {
		if err := d.recoverEndpoint(ctx, veth); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) recoverNetwork(ctx context.Context, bridge link.OwnedBridge) error {
	id, err := ParseNetworkID(bridge.Network)
	if _, known := d.networks[id]; known || err != nil {
		return err
	}
	record := Network{NetworkConfig: NetworkConfig{ID: id}, Bridge: bridge.Name, OwnsBridge: true, BridgeMAC: bridge.MAC, Phase: Ready}
	if err := record.readNote(bridge.Note); err != nil {
		return err
	}
	return d.keepRecovered(ctx, record)
}

// recoverEndpoint also enters its network, where that has a bridge which is not
// ours and so tells nothing.
func (d *Driver) recoverEndpoint(ctx context.Context, veth link.OwnedVeth) error {
	networkID, err := ParseNetworkID(veth.Network)
	if err != nil {
		return err
	}
	id, err := ParseEndpointID(veth.Endpoint)
	if err != nil {
		return err
	}
	config := EndpointConfig{Network: networkID, ID: id}
	for _, address := range veth.Addresses {
		if address.Addr().Is6() {
			config.IPv6 = address
		} else {
			config.IPv4 = address
		}
	}
	if _, known := d.networks[networkID]; !known {
		if err := d.keepRecovered(ctx, foreignNetwork(config, veth.Bridge)); err != nil {
			return err
		}
	}
	n := d.networks[networkID]
	if _, known := n.endpoints[id]; known {
		return nil
	}
	endpoint := Endpoint{EndpointConfig: config, Link: veth.Name, Peer: peerOf(veth.Name), Phase: Ready}
	if err := d.state.PutEndpoint(ctx, endpoint); err != nil {
		return fmt.Errorf("keeping recovered endpoint %s: %w", id.Short(), err)
	}
	n.endpoints[id] = endpoint
	n.joined[id] = true
	d.names[endpoint.Link] = networkID
	d.owners.addEndpoint(endpoint)
	d.recovered++
	d.logEndpoint(endpoint).WithField("addresses", endpoint.addresses()).Warn("endpoint was not in the state, recovered from its link")
	return nil
}

func (d *Driver) keepRecovered(ctx context.Context, record Network) error {
	if err := d.state.PutNetwork(ctx, record); err != nil {
		return fmt.Errorf("keeping recovered network %s: %w", record.ID.Short(), err)
	}
	n := newNetwork(record)
	d.networks[record.ID] = n
	d.names[record.Bridge] = record.ID
	d.owners.addNetwork(record)
	d.recovered++
	d.logNetwork(n).WithField("subnets", n.prefixes()).Warn("network was not in the state, recovered from its links")
	return nil
}

// foreignNetwork is what an endpoint's link tells of a network whose bridge was
// there before it. Addresses count as our address manager's: wrongly, they are
// only not given to others.
func foreignNetwork(endpoint EndpointConfig, bridge link.Name) Network {
	subnetOf := func(address netip.Prefix) Subnet {
		return Subnet{Pool: address.Masked(), Managed: address.IsValid()}
	}
	return Network{
		NetworkConfig: NetworkConfig{
			ID: endpoint.Network, BridgeName: bridge, Masquerade: true,
			IPv4: subnetOf(endpoint.IPv4), IPv6: subnetOf(endpoint.IPv6),
		},
		Bridge: bridge,
		Phase:  Ready,
	}
}

// Recovered is how many networks and endpoints were not in the state when the
// driver was opened.
func (d *Driver) Recovered() int { return d.recovered }

// EachHolding calls yield for each subnet that our address manager gave a
// network, with its gateway (zero where there is none) and the addresses of the
// endpoints in it.
func (d *Driver) EachHolding(yield func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.networks {
		for _, subnet := range []Subnet{n.IPv4, n.IPv6} {
			if !subnet.Managed {
				continue
			}
			var addresses []netip.Addr
			for _, endpoint := range n.endpoints {
				if endpoint.Phase == Deleting {
					continue
				}
				for _, address := range endpoint.addresses() {
					if subnet.Pool.Contains(address.Addr()) {
						addresses = append(addresses, address.Addr())
					}
				}
			}
			yield(subnet.Pool, subnet.Gateway.Addr(), addresses)
		}
	}
}
