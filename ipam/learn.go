package ipam

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Fact is what the engine says of a network that has its addresses from us.
type Fact struct {
	Subnet netip.Prefix
	// Range is Subnet where no --ip-range was given.
	Range netip.Prefix
	// Gateway is zero where there is none.
	Gateway netip.Addr
	// Used are the auxiliary addresses and those of endpoints, with their names.
	Used map[netip.Addr]string
}

// Learn takes in all that the engine knows, and ends the doubt: from then on
// every pool gives dynamic addresses again. Where there is no doubt it does
// nothing.
func (m *Manager) Learn(ctx context.Context, facts []Fact) error {
	if m.allKnown() {
		return nil
	}
	for _, fact := range facts {
		if err := m.learnPool(ctx, fact); err != nil {
			return err
		}
	}
	m.Log.WithField("pools", len(facts)).Info("the engine has told which addresses are in use")
	return m.Trust(ctx)
}

// Trust ends the doubt: all leases in use are known, as the engine or a person
// says. Where there is no doubt it does nothing.
func (m *Manager) Trust(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.allKnown() {
		return nil
	}
	if err := m.State.SetDoubt(ctx, ""); err != nil {
		return fmt.Errorf("ending the doubt about leases: %w", err)
	}
	for _, p := range m.pools {
		p.mu.Lock()
		p.doubt = ""
		p.mu.Unlock()
	}
	close(m.known)
	m.Log.Info("all leases are known: every pool gives dynamic addresses")
	return nil
}

// allKnown reports whether no lease can be missing.
func (m *Manager) allKnown() bool {
	select {
	case <-m.known:
		return true
	default:
		return false
	}
}

func (m *Manager) learnPool(ctx context.Context, fact Fact) error {
	m.mu.Lock()
	p, known := m.pools[NewPoolID(LocalAddressSpace, fact.Subnet)]
	if !known {
		var err error
		if p, err = m.recoverPool(ctx, fact.Subnet, fact.Range); err != nil {
			m.mu.Unlock()
			return err
		}
	}
	m.mu.Unlock()
	if err := m.learnRange(ctx, p, fact.Range); err != nil {
		return err
	}
	if p.enter() != nil {
		return nil // the network went meanwhile, with its pool
	}
	defer p.leave()
	if err := m.recoverLease(ctx, p, fact.Gateway, Gateway, ""); err != nil {
		return err
	}
	for a, name := range fact.Used {
		if err := m.recoverLease(ctx, p, a, Requested, name); err != nil {
			return err
		}
	}
	return nil
}

// learnRange narrows a pool that was recovered without its range.
func (m *Manager) learnRange(ctx context.Context, p *pool, addressRange netip.Prefix) error {
	p.busy.Lock()
	defer p.busy.Unlock()
	if !p.open || p.Range == addressRange {
		return nil
	}
	changed := p.Pool
	changed.Range = addressRange
	if err := m.State.UpdatePool(ctx, changed); err != nil {
		return fmt.Errorf("keeping range %s of pool %s: %w", addressRange, p.Subnet, err)
	}
	return p.setRange(addressRange)
}

// doubtTime is how long a request for a dynamic address waits for the engine to
// tell what is in use.
const doubtTime = 10 * time.Second

// waitUntilKnown returns when the doubt has ended, or after a while.
func (m *Manager) waitUntilKnown(ctx context.Context, p *pool) {
	p.mu.Lock()
	doubtful := p.doubt != ""
	p.mu.Unlock()
	if !doubtful {
		return
	}
	select {
	case <-m.known:
	case <-ctx.Done():
	case <-time.After(doubtTime):
	}
}
