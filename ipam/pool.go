package ipam

import (
	"fmt"
	"net/netip"
	"sync"

	"mybridge/ipam/bitmap"
)

// widestBitmap is how many host bits a bitmap covers. Dynamic addresses of a
// wider (IPv6) range are derived instead.
const widestBitmap = 24

// pool is a Pool with what is taken in it. An address is taken from the moment
// it is chosen, before its lease is committed, until its release is committed:
// mu is never held across a commit.
type pool struct {
	Pool

	// busy is held for reading while an address is committed, for writing while
	// the pool is: a lease is never committed to a pool that is being released,
	// nor to the next one of the same ID. It guards open.
	busy sync.RWMutex
	// open is false until the pool is committed, and from its release on.
	open bool

	// mu guards what follows, and Range.
	mu sync.Mutex
	// doubt says why not all leases may be known; such a pool gives no dynamic
	// address.
	doubt string
	// leases are those held and those that ended and are remembered.
	leases leases
	// held and forgettable count leases: the second those that ended and were
	// never asked for by themselves.
	held, forgettable int
	reserved          map[netip.Addr]bool
	// pending addresses are being leased, released or forgotten: taken, by
	// nobody yet or by nobody any more.
	pending map[netip.Addr]bool
	memory  memory

	// taken is nil where dynamic addresses are derived. An address has its bit
	// set unless it was never given, or has been forgotten.
	taken *bitmap.Bitmap
	// base is the address of number 0; dynamic addresses have numbers in [first, end).
	base       netip.Addr
	first, end uint64
	// cursor is where the search for the next dynamic address starts.
	cursor uint64
	secret []byte
}

// newPool returns a pool without leases, with room for as many as expected.
func newPool(definition Pool, secret []byte, expected int) (*pool, error) {
	p := &pool{
		Pool:     definition,
		leases:   newLeases(expected),
		reserved: map[netip.Addr]bool{},
		pending:  map[netip.Addr]bool{},
		memory:   newMemory(),
		secret:   secret,
	}
	return p, p.setRange(definition.Range)
}

// setRange makes the bitmap of a range of dynamic addresses from what is known.
func (p *pool) setRange(addresses netip.Prefix) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Range, p.taken = addresses, nil
	if hostBits(addresses) > widestBitmap {
		return nil
	}
	p.setWindow()
	var err error
	if p.taken, err = bitmap.New(p.end); err != nil {
		return fmt.Errorf("making the bitmap of pool %s: %w", p.Subnet, err)
	}
	p.cursor = p.first
	for _, a := range []netip.Addr{addresses.Addr(), last(addresses)} {
		if isNetworkAddress(p.Subnet, a) || isBroadcastAddress(p.Subnet, a) {
			p.take(a)
		}
	}
	for a := range p.leases.all() {
		p.take(a)
	}
	for a := range p.reserved {
		p.take(a)
	}
	return nil
}

// setWindow decides which addresses the bitmap stands for: those of the subnet,
// or where that is too wide those of the range.
func (p *pool) setWindow() {
	size := uint64(1) << hostBits(p.Range)
	p.base, p.first, p.end = p.Range.Addr(), 0, size
	if hostBits(p.Subnet) <= widestBitmap {
		p.base = p.Subnet.Addr()
		p.first, _ = offset(p.base, p.Range.Addr())
		p.end = p.first + size
	}
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

// take sets a's bit where the bitmap covers it.
func (p *pool) take(a netip.Addr) {
	if p.taken == nil {
		return
	}
	if n, ok := offset(p.base, a); ok {
		p.taken.Take(n)
	}
}

// free clears a's bit, unless it is reserved, pending, leased or remembered.
func (p *pool) free(a netip.Addr) {
	if _, known := p.leases.get(a); known || p.taken == nil || p.reserved[a] || p.pending[a] {
		return
	}
	if n, ok := offset(p.base, a); ok {
		p.taken.Free(n)
	}
}
