package ipam

import (
	"cmp"
	"fmt"
	"net/netip"
	"sync"
	"time"

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

// put enters a lease, held or ended, in the place of what was there.
func (p *pool) put(lease *Lease) {
	a := lease.Address
	before, known := p.leases.get(a)
	if known {
		p.tally(before, -1)
	}
	if known && before.name != lease.Name {
		p.memory.forgetName(before.name, a)
	}
	now := entry{since: seconds(lease.Since), ended: seconds(lease.Ended), kind: lease.Kind, asked: lease.Asked, name: lease.Name}
	p.leases.set(a, now)
	p.take(a)
	p.tally(now, 1)
	p.rememberName(a, now)
	if !now.held() {
		p.memory.push(a, now)
		p.compact()
	}
}

// tally keeps the numbers of leases when one comes or goes.
func (p *pool) tally(e entry, change int) {
	switch {
	case e.held():
		p.held += change
	case !e.asked:
		p.forgettable += change
	}
}

// rememberName makes a the address that the name had last, unless another one is
// later: leases are restored in any order.
func (p *pool) rememberName(a netip.Addr, lease entry) {
	if lease.name == "" {
		return
	}
	if other, known := p.memory.last[lease.name]; known {
		if there, _ := p.leases.get(other); there.isLater(lease) {
			return
		}
	}
	p.memory.keepName(lease.name, a)
}

// isLater reports whether the lease was given after the other, or ended after it.
func (e entry) isLater(other entry) bool {
	if e.held() != other.held() {
		return e.held()
	}
	return cmp.Or(cmp.Compare(e.ended, other.ended), cmp.Compare(e.since, other.since)) > 0
}

// compact drops outdated entries where they are most of a queue: a container
// that is started over and over leaves one each time.
func (p *pool) compact() {
	const slack = 64
	if p.memory.plain.Len()+p.memory.asked.Len() < 2*(p.leases.length()-p.held)+slack {
		return
	}
	p.memory.plain, p.memory.asked = nil, nil
	for a, e := range p.leases.all() {
		if !e.held() {
			p.memory.push(a, e)
		}
	}
}

// abandon gives a pending address back to what it was.
func (p *pool) abandon(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, a)
	p.settle(a)
}

// settle puts an address that is no longer pending or reserved where it is
// found again.
func (p *pool) settle(a netip.Addr) {
	if e, known := p.leases.get(a); known && !e.held() {
		p.memory.push(a, e)
	}
	p.free(a)
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

func (p *pool) lease(a netip.Addr, e entry) Lease {
	lease := Lease{Pool: p.ID, Address: a, Kind: e.kind, Since: time.Unix(int64(e.since), 0), Asked: e.asked, Name: e.name}
	if !e.held() {
		lease.Ended = time.Unix(int64(e.ended), 0)
	}
	return lease
}

// wasAsked reports whether a was ever asked for by itself.
func (p *pool) wasAsked(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, _ := p.leases.get(a)
	return e.asked
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

// seconds is t in Unix seconds, 0 for the zero time.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(t.Unix())
}

// eachTaken calls yield with each address held or reserved.
func (p *pool) eachTaken(yield func(netip.Addr)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a, e := range p.leases.all() {
		if e.held() {
			yield(a)
		}
	}
	for a := range p.reserved {
		yield(a)
	}
}
