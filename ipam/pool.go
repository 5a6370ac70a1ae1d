package ipam

import (
	"fmt"
	"net/netip"
	"sync"

	"mybridge/ipam/bitmap"
)

// widestWindow is how many host bits a bitmap covers. In a wider (IPv6) pool
// the bitmap stands for the first addresses of the range, from which dynamic
// ones are taken; an address beyond is known by its lease alone.
const widestWindow = 24

// pool is a Pool with what is taken in it. An address is taken from the moment
// it is chosen, before its lease is committed, until its release is committed:
// the lock is never held across a commit.
type pool struct {
	Pool

	// busy is held for reading while an address is committed, for writing while
	// the pool is: a lease is never committed to a pool that is being released,
	// nor to the next one of the same ID. It guards open.
	busy sync.RWMutex
	// open is false until the pool is committed, and from its release on.
	open bool

	// mu guards what follows.
	mu       sync.Mutex
	leases   map[netip.Addr]Lease
	reserved map[netip.Addr]bool
	// pending addresses are being leased or released: taken, by nobody yet or
	// by nobody any more.
	pending map[netip.Addr]bool

	taken *bitmap.Bitmap
	// base is the address of number 0; dynamic addresses have numbers in [first, end).
	base       netip.Addr
	first, end uint64
	// cursor is where the search for the next dynamic address starts, so that
	// a released address is not given again at once.
	cursor uint64
}

func newPool(definition Pool) (*pool, error) {
	p := &pool{
		Pool:     definition,
		leases:   map[netip.Addr]Lease{},
		reserved: map[netip.Addr]bool{},
		pending:  map[netip.Addr]bool{},
	}
	p.setWindow()
	var err error
	if p.taken, err = bitmap.New(p.end); err != nil {
		return nil, fmt.Errorf("making the bitmap of pool %s: %w", p.Subnet, err)
	}
	p.cursor = p.first
	p.mark(p.Subnet.Addr())
	if hostBits(p.Subnet) <= widestWindow {
		p.mark(plus(p.Subnet.Addr(), 1<<hostBits(p.Subnet)-1))
	}
	return p, nil
}

// enter begins a change of an address, which leave ends. It fails with
// ErrUnknownPool where the pool is not open.
func (p *pool) enter() error {
	p.busy.RLock()
	if !p.open {
		p.busy.RUnlock()
		return fmt.Errorf("pool %q: %w", p.ID, ErrUnknownPool)
	}
	return nil
}

func (p *pool) leave() { p.busy.RUnlock() }

// setWindow decides which addresses the bitmap stands for.
func (p *pool) setWindow() {
	size := uint64(1) << min(hostBits(p.Range), widestWindow)
	if hostBits(p.Subnet) > widestWindow {
		p.base, p.first, p.end = p.Range.Addr(), 0, size
		return
	}
	p.base = p.Subnet.Addr()
	p.first, _ = offset(p.base, p.Range.Addr())
	p.end = p.first + size
}

// mark takes a in the bitmap where it may never be given.
func (p *pool) mark(a netip.Addr) {
	if isNetworkAddress(p.Subnet, a) || isBroadcastAddress(p.Subnet, a) {
		p.take(a)
	}
}

// take sets a's bit where the bitmap covers it.
func (p *pool) take(a netip.Addr) {
	if n, ok := offset(p.base, a); ok {
		p.taken.Take(n)
	}
}

// free clears a's bit, unless it is reserved, leased or pending.
func (p *pool) free(a netip.Addr) {
	if _, leased := p.leases[a]; leased || p.reserved[a] || p.pending[a] {
		return
	}
	if n, ok := offset(p.base, a); ok {
		p.taken.Free(n)
	}
}

// choose takes a dynamic address and leaves it pending.
func (p *pool) choose() (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, found := p.taken.NextFree(p.cursor, p.end)
	if !found {
		n, found = p.taken.NextFree(p.first, p.cursor)
	}
	if !found {
		return netip.Addr{}, fmt.Errorf("range %s of pool %s: %w: all are leased or reserved", p.Range, p.Subnet, ErrExhausted)
	}
	p.cursor = n + 1
	a := plus(p.base, n)
	p.hold(a)
	return a, nil
}

// chooseGateway takes the lowest address of the subnet that is free.
func (p *pool) chooseGateway() (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a := p.Subnet.Addr(); p.Subnet.Contains(a); a = a.Next() {
		if p.refusal(a) == nil {
			p.hold(a)
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("pool %s: %w for the gateway", p.Subnet, ErrExhausted)
}

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
	switch _, leased := p.leases[a]; {
	case !p.Subnet.Contains(a):
		return errOutside
	case isNetworkAddress(p.Subnet, a):
		return errNetworkAddress
	case isBroadcastAddress(p.Subnet, a):
		return errBroadcastAddress
	case leased || p.pending[a]:
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
	p.leases[lease.Address] = lease
}

// abandon gives a pending address back.
func (p *pool) abandon(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, a)
	p.free(a)
}

// startRelease turns a's lease into a pending release; false where there is none.
func (p *pool) startRelease(a netip.Addr) (Lease, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lease, leased := p.leases[a]
	if !leased {
		return Lease{}, false
	}
	delete(p.leases, a)
	p.pending[a] = true
	return lease, true
}

// restore puts back what the state keeps of this pool.
func (p *pool) restore(lease Lease) {
	p.take(lease.Address)
	p.leases[lease.Address] = lease
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
		p.free(a)
	}
}

// addresses calls yield with each address leased or reserved.
func (p *pool) addresses(yield func(netip.Addr)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a := range p.leases {
		yield(a)
	}
	for a := range p.reserved {
		yield(a)
	}
}

// state says why a cannot be given, nil where it can.
func (p *pool) state(a netip.Addr) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal(a)
}
