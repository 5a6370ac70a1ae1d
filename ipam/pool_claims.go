package ipam

import (
	"fmt"
	"net/netip"
)

// claim takes the address that was asked for and leaves it pending.
func (p *pool) claim(a netip.Addr) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason := p.refusal(a); reason != nil {
		return fmt.Errorf("address %s of pool %s: %w", a, p.Subnet, reason)
	}
	p.hold(a)
	return nil
}

// refusal says why a cannot be given, nil where it can.
func (p *pool) refusal(a netip.Addr) error {
	switch lease, known := p.leases.get(a); {
	case !p.Subnet.Contains(a):
		return errOutside
	case isNetworkAddress(p.Subnet, a):
		return errNetworkAddress
	case isBroadcastAddress(p.Subnet, a):
		return errBroadcastAddress
	case known && lease.held() || p.pending[a]:
		return ErrTaken
	case p.reserved[a]:
		return ErrReserved
	}
	return nil
}

// hold takes a and leaves it pending.
func (p *pool) hold(a netip.Addr) {
	p.take(a)
	p.pending[a] = true
}

// confirm makes a pending address a lease.
func (p *pool) confirm(lease Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, lease.Address)
	p.put(&lease)
}

// abandon gives a pending address back to what it was.
func (p *pool) abandon(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, a)
	p.settle(a)
}

// startRelease makes a's lease pending; false where it is not held. It fails
// with ErrBusy where somebody else is at it, whose outcome is not known yet.
func (p *pool) startRelease(a netip.Addr) (lease Lease, held bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending[a] {
		return Lease{}, false, fmt.Errorf("address %s of pool %s: %w", a, p.Subnet, ErrBusy)
	}
	e, known := p.leases.get(a)
	if !known || !e.held() {
		return Lease{}, false, nil
	}
	p.pending[a] = true
	return p.lease(a, e), true, nil
}

// reserve keeps a from being given.
func (p *pool) reserve(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved[a] = true
	p.take(a)
}

// unreserve lets a be given again.
func (p *pool) unreserve(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.reserved, a)
	if !isNetworkAddress(p.Subnet, a) && !isBroadcastAddress(p.Subnet, a) {
		p.settle(a)
	}
}
