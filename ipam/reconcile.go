package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sirupsen/logrus"
)

// holding is a subnet of ours that a network has, and what it uses of it.
type holding struct {
	subnet    netip.Prefix
	gateway   netip.Addr
	endpoints []netip.Addr
}

// reconcile leases what networks and endpoints use and no lease is kept for: it
// was lost with the state. Then, or where the state is in doubt anyway, no pool
// that is kept gives dynamic addresses until Learn. A doubt that has arisen is about
// all pools, one that is kept only about those that were there then.
func (m *Manager) reconcile(ctx context.Context, arisen bool) error {
	if arisen {
		if err := m.doubtAll(ctx); err != nil {
			return err
		}
		// Before anything is recovered that would look like a whole state.
		if err := m.keepDoubt(ctx); err != nil {
			return err
		}
	}
	lost := 0
	var holdings []holding
	m.Networks.EachHolding(func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr) {
		holdings = append(holdings, holding{subnet, gateway, endpoints})
	})
	for _, h := range holdings {
		p, known := m.pools[NewPoolID(LocalAddressSpace, h.subnet)]
		if !known && m.Doubt == "" && len(h.endpoints) == 0 {
			// The engine released the pool, as it does of a network without
			// endpoints, and its call to delete the network did not arrive.
			m.Log.WithField("pool", h.subnet).Warn("pool of a network is not kept: the network is left over")
			continue
		}
		if !known {
			var err error
			if p, err = m.recoverPool(ctx, h.subnet, h.subnet); err != nil {
				return err
			}
			lost++
		}
		before := p.held
		for _, a := range append(h.endpoints, h.gateway) {
			if p.wasReleased(a) {
				// The engine was about to delete what has it. Nothing was lost, but
				// nobody is to get the address until that is gone.
				before++
			}
		}
		if err := m.recoverLease(ctx, p, h.gateway, Gateway, ""); err != nil {
			return err
		}
		for _, a := range h.endpoints {
			if err := m.recoverLease(ctx, p, a, Dynamic, ""); err != nil {
				return err
			}
		}
		lost += p.held - before
	}
	if m.Doubt == "" && lost > 0 {
		m.Doubt = fmt.Sprintf("%d pools and leases that are in use were not in the state", lost)
	}
	if m.Doubt == "" {
		close(m.known)
		return nil
	}
	if lost > 0 {
		if err := m.doubtAll(ctx); err != nil {
			return err
		}
	}
	for _, p := range m.pools {
		if !p.Whole {
			p.doubt = m.Doubt
		}
	}
	return m.keepDoubt(ctx)
}

// doubtAll has no pool be whole.
func (m *Manager) doubtAll(ctx context.Context) error {
	for _, p := range m.pools {
		if !p.Whole {
			continue
		}
		p.Whole = false
		if err := m.State.UpdatePool(ctx, p.Pool); err != nil {
			return fmt.Errorf("keeping that leases of pool %s may be missing: %w", p.Subnet, err)
		}
	}
	return nil
}

// keepDoubt makes the doubt outlive this process.
func (m *Manager) keepDoubt(ctx context.Context) error {
	kept, err := m.State.Doubt(ctx)
	if err == nil && kept != m.Doubt {
		err = m.State.SetDoubt(ctx, m.Doubt)
	}
	if err != nil {
		return fmt.Errorf("keeping that leases may be missing: %w", err)
	}
	return nil
}

// recoverPool keeps a pool that a network has, open at once.
func (m *Manager) recoverPool(ctx context.Context, subnet, addressRange netip.Prefix) (*pool, error) {
	p, err := m.build(Pool{ID: NewPoolID(LocalAddressSpace, subnet), Subnet: subnet, Range: addressRange, Since: m.now()})
	if err != nil {
		return nil, err
	}
	if err := m.State.AddPool(ctx, p.Pool); err != nil {
		return nil, fmt.Errorf("keeping recovered pool %s: %w", subnet, err)
	}
	p.open = true
	m.insert(p)
	m.Log.WithField("pool", subnet).Warn("pool was not in the state, recovered from what uses it")
	return p, nil
}

// recoverLease leases an address that is in use. One that is leased already, or
// that the pool cannot have, is left.
func (m *Manager) recoverLease(ctx context.Context, p *pool, a netip.Addr, kind LeaseKind, name string) error {
	if !a.IsValid() || !p.claimUsed(a) {
		return nil
	}
	lease := Lease{Pool: p.ID, Address: a, Kind: kind, Since: m.now().Truncate(time.Second), Asked: p.wasAsked(a), Name: name}
	if err := m.State.AddLease(ctx, lease); err != nil {
		p.abandon(a)
		return fmt.Errorf("keeping the recovered lease of %s: %w", a, err)
	}
	p.confirm(lease)
	m.Log.WithFields(logrus.Fields{"pool": p.Subnet, "address": a}).Warn("address is in use without a lease, leased again")
	return nil
}

// wasReleased reports whether the lease of a is remembered to have ended.
func (p *pool) wasReleased(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, known := p.leases.get(a)
	return known && !e.held()
}

// claimUsed is claim for an address that is in use: a reservation does not stop
// it. False where it is leased already, or where the pool cannot have it.
func (p *pool) claimUsed(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason := p.refusal(a); reason != nil && !errors.Is(reason, ErrReserved) {
		return false
	}
	p.hold(a)
	return true
}
