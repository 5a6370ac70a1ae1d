package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"mybridge/internal/link"
)

// leftover is what is still to be done of a deletion: of a network, or of one of its
// endpoints.
type leftover struct {
	network *network
	// record is the network's as it was, for whoever has not its lock.
	record   Network
	endpoint EndpointID
	// bridges and veths are its links, as far as they were made.
	bridges   []link.Bridge
	veths     []link.Veth
	addresses []netip.Addr
	// promised says that the deletion is committed, and its ports and rules gone.
	promised bool
}

// leftover is what is left of the whole network.
func (n *network) leftover(promised bool) *leftover {
	left := &leftover{network: n, record: n.Network, promised: promised}
	if n.OwnsBridge {
		left.bridges = append(left.bridges, n.bridge())
	}
	for _, endpoint := range n.endpoints {
		left.veths = append(left.veths, n.veth(endpoint))
		left.addresses = append(left.addresses, endpoint.addrs()...)
	}
	return left
}

// leftoverOf is what is left of an endpoint.
func (n *network) leftoverOf(endpoint Endpoint, promised bool) *leftover {
	return &leftover{
		network:   n,
		record:    n.Network,
		endpoint:  endpoint.ID,
		veths:     []link.Veth{n.veth(endpoint)},
		addresses: endpoint.addrs(),
		promised:  promised,
	}
}

// of is what it is left of.
func (l *leftover) of() Deletion { return Deletion{l.record.ID, l.endpoint} }

// String names it for people.
func (l *leftover) String() string {
	if l.endpoint == "" {
		return "network " + l.record.ID.Short()
	}
	return "endpoint " + l.endpoint.Short() + " of network " + l.record.ID.Short()
}

// failure is what of the links' failures is about this deletion.
func (l *leftover) failure(failures map[link.Name]error) error {
	var its []error
	for _, b := range l.bridges {
		its = append(its, failures[b.Name])
	}
	for _, v := range l.veths {
		its = append(its, failures[v.Name])
	}
	return errors.Join(its...)
}

// leave has the deletion finished by Reap.
func (d *Driver) leave(left *leftover) {
	d.mu.Lock()
	d.left[left.of()] = left
	d.mu.Unlock()
	select {
	case d.leaving <- struct{}{}:
	default:
	}
}

// isPromised reports whether the deletion only needs its links to go.
func (d *Driver) isPromised(deletion Deletion) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	left, ok := d.left[deletion]
	return ok && left.promised
}

// Backlog is how many deletions are not finished yet.
func (d *Driver) Backlog() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.left)
}

// reapIf finishes deletions now if one of those left is such that it is in the way of
// what the call needs. Where it still is then, reapIf fails with ErrConflict: what
// else could not be finished is in nobody's way. Who calls it holds no network's lock.
func (d *Driver) reapIf(ctx context.Context, need string, isInTheWay func(*leftover) bool) error {
	if d.leftThat(isInTheWay) == nil {
		return nil
	}
	err := d.reap(ctx)
	left := d.leftThat(isInTheWay)
	if err == nil || left == nil {
		return nil
	}
	return fmt.Errorf("%s %w by %s, whose deletion is not finished: %w", need, ErrConflict, left, err)
}

// leftThat returns a deletion that is left and such, nil where there is none.
func (d *Driver) leftThat(is func(*leftover) bool) *leftover {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, left := range d.left {
		if is(left) {
			return left
		}
	}
	return nil
}

// FinishDeletions finishes now what deletions have left.
func (d *Driver) FinishDeletions(ctx context.Context) error { return d.reap(ctx) }

// Leaving returns the addresses of endpoints whose deletion is not finished, that of
// their network included.
func (d *Driver) Leaving(ctx context.Context) (map[netip.Addr]bool, error) {
	leaving := map[netip.Addr]bool{}
	err := d.eachNetwork(ctx, func(n *network) {
		for _, endpoint := range n.endpoints {
			if n.Phase == Ready && endpoint.Phase == Ready {
				continue
			}
			for _, address := range endpoint.addrs() {
				leaving[address] = true
			}
		}
	})
	return leaving, err
}

// AwaitFree waits until no link that is to go has the address.
func (d *Driver) AwaitFree(ctx context.Context, address netip.Addr) error {
	return d.reapIf(ctx, "it", func(left *leftover) bool { return left.has(address) })
}

func (l *leftover) has(address netip.Addr) bool { return slices.Contains(l.addresses, address) }

// isInTheWayOf reports whether the network needs what the deletion has not freed yet: its
// ID, its bridge or its subnets.
func (l *leftover) isInTheWayOf(config NetworkConfig) bool {
	overlap := func(a, b netip.Prefix) bool { return a.IsValid() && b.IsValid() && a.Overlaps(b) }
	return l.endpoint == "" && (l.record.ID == config.ID || l.record.Bridge == config.BridgeName ||
		overlap(l.record.IPv4.Pool, config.IPv4.Pool) || overlap(l.record.IPv6.Pool, config.IPv6.Pool))
}

// isInTheWayOfEndpoint reports whether the endpoint needs what the deletion has not
// freed yet: its ID or its addresses.
func (l *leftover) isInTheWayOfEndpoint(config EndpointConfig) bool {
	if l.record.ID != config.Network {
		return false
	}
	return l.endpoint == config.ID || config.IPv4.IsValid() && l.has(config.IPv4.Addr()) || config.IPv6.IsValid() && l.has(config.IPv6.Addr())
}
