package ipam

import (
	"encoding/binary"
	"iter"
	"net/netip"
)

// entry is a lease as the pool handles it.
type entry struct {
	// since and ended are Unix seconds; ended is 0 while the lease is held.
	since, ended uint32
	kind         LeaseKind
	asked        bool
	name         string
}

func (e entry) held() bool { return e.ended == 0 }

// leases is the set of a pool's leases, one an address. There may be a million,
// so an address takes 16 bytes, a lease 12, and only one with a name more.
type leases struct {
	small map[number]smallEntry
	names map[number]string
}

// number is an address, IPv4 as RFC 4291 §2.5.5.2 maps it.
type number struct{ high, low uint64 }

type smallEntry struct {
	since, ended uint32
	kind         LeaseKind
	asked        bool
}

// newLeases returns an empty set with room for as many as expected.
func newLeases(expected int) leases {
	return leases{small: make(map[number]smallEntry, expected), names: map[number]string{}}
}

func numberOf(a netip.Addr) number {
	b := a.As16()
	return number{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (n number) address() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.high)
	binary.BigEndian.PutUint64(b[8:], n.low)
	return netip.AddrFrom16(b).Unmap()
}

func (l leases) length() int { return len(l.small) }

// get returns the address's lease; false where there is none.
func (l leases) get(a netip.Addr) (entry, bool) {
	n := numberOf(a)
	small, known := l.small[n]
	return l.expand(n, small), known
}

func (l leases) expand(n number, small smallEntry) entry {
	return entry{small.since, small.ended, small.kind, small.asked, l.names[n]}
}

func (l leases) set(a netip.Addr, e entry) {
	n := numberOf(a)
	l.small[n] = smallEntry{e.since, e.ended, e.kind, e.asked}
	if e.name != "" {
		l.names[n] = e.name
	} else {
		delete(l.names, n)
	}
}

func (l leases) remove(a netip.Addr) {
	n := numberOf(a)
	delete(l.small, n)
	delete(l.names, n)
}

// all yields each lease, in no order.
func (l leases) all() iter.Seq2[netip.Addr, entry] {
	return func(yield func(netip.Addr, entry) bool) {
		for n, small := range l.small {
			if !yield(n.address(), l.expand(n, small)) {
				return
			}
		}
	}
}
