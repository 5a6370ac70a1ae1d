package ipam

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Unused is a pool that no network of ours has, or a lease that no endpoint of ours
// has. Whether the engine has it, only the engine knows.
type Unused struct {
	Pool   PoolID
	Subnet netip.Prefix
	// Address is zero where it is the whole pool.
	Address netip.Addr
	// Name is that of the lease, empty where it is not known.
	Name string
	// Since is when the pool or the lease was given.
	Since time.Time
}

// Unused returns what no network and no endpoint of ours has, in any order. Of a
// pool without a network it returns the pool and its leases. Gateways go with their
// pool; pools of a swarm (global address space), whose addresses other hosts have,
// and those about which there is doubt are left out.
func (m *Manager) Unused() []Unused {
	var unused []Unused
	pools, _ := m.openPools()
	for _, p := range pools {
		if p.ID != NewPoolID(LocalAddressSpace, p.Subnet) {
			continue
		}
		held, known := p.heldLeases()
		if !known {
			continue
		}
		if _, has := m.Networks.NetworkOf(p.Subnet); !has {
			unused = append(unused, Unused{Pool: p.ID, Subnet: p.Subnet, Since: p.Since})
		}
		for _, lease := range held {
			if _, live := m.Networks.EndpointOf(lease.Address); !live {
				unused = append(unused, Unused{p.ID, p.Subnet, lease.Address, lease.Name, lease.Since})
			}
		}
	}
	return unused
}

// heldLeases returns the leases that are held, gateways left out; false where the
// pool is not open or in doubt.
func (p *pool) heldLeases() (held []Lease, known bool) {
	if p.enter() != nil {
		return nil, false
	}
	defer p.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doubt != "" {
		return nil, false
	}
	for a, e := range p.leases.all() {
		if e.held() && !p.pending[a] && e.kind != Gateway {
			held = append(held, p.lease(a, e))
		}
	}
	return held, true
}

// ReleaseUnusedPool is ReleasePool for who knows the pool from Unused: one that a
// network has got, or that was given after that moment, is left as it is.
func (m *Manager) ReleaseUnusedPool(ctx context.Context, id PoolID, moment time.Time) error {
	p := m.pool(id)
	if p == nil {
		return nil
	}
	p.busy.Lock()
	defer p.busy.Unlock()
	if !p.open || p.Since.After(moment) {
		return nil
	}
	if _, has := m.Networks.NetworkOf(p.Subnet); has {
		return nil
	}
	return m.forgetPool(ctx, p)
}

// ReleaseUnusedLease is ReleaseAddress for who knows the lease from Unused: one that
// an endpoint has got, or that was given after that moment, is left as it is.
func (m *Manager) ReleaseUnusedLease(ctx context.Context, id PoolID, address netip.Addr, moment time.Time) error {
	p := m.pool(id)
	if p == nil || p.enter() != nil {
		return nil
	}
	defer p.leave()
	if _, live := m.Networks.EndpointOf(address); live {
		return nil
	}
	lease, held, err := p.startRelease(address)
	if err != nil || !held {
		return err
	}
	if lease.Since.After(moment) || lease.Kind == Gateway {
		p.abandon(address)
		return nil
	}
	return m.finishRelease(ctx, p, lease)
}

// LeaseInUse leases an address that a link has, of which Check found that it could
// be given to another. One that no pool has any more is left.
func (m *Manager) LeaseInUse(ctx context.Context, address netip.Addr) error {
	p := m.poolOf(netip.PrefixFrom(address, address.BitLen()))
	if p == nil || p.enter() != nil {
		return nil
	}
	defer p.leave()
	if err := m.recoverLease(ctx, p, address, Dynamic, ""); err != nil {
		return fmt.Errorf("leasing %s, which is in use: %w", address, err)
	}
	return nil
}
