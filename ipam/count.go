package ipam

import (
	"net/netip"
	"time"
)

// count is view where busy and mu are held.
func (p *pool) count(at moment) PoolView {
	view := PoolView{ID: p.ID, Subnet: p.Subnet, Range: p.Range, Since: p.Since.UTC().Truncate(time.Second), Used: p.held, Reserved: len(p.reserved), Doubt: p.doubt}
	// taken counts the addresses of the range that are not free.
	taken := p.neverGiven()
	for a, e := range p.leases.all() {
		rests := e.ended > uint32(at) && !p.reserved[a]
		if rests {
			view.Resting++
		}
		if (rests || e.held()) && p.isDynamic(a) {
			taken++
		}
	}
	for a := range p.reserved {
		if e, known := p.leases.get(a); (!known || !e.held()) && p.isDynamic(a) {
			taken++
		}
	}
	view.Free = freeOf(p.Range, taken)
	return view
}

// isDynamic reports whether the address is one that a dynamic request may get.
func (p *pool) isDynamic(a netip.Addr) bool {
	return p.Range.Contains(a) && p.special(a) == ""
}

// freeOf is the size of the range less what is taken, at most MostFree.
func freeOf(addresses netip.Prefix, taken uint64) uint64 {
	if hostBits(addresses) > 62 {
		return MostFree
	}
	size := uint64(1) << hostBits(addresses)
	return min(MostFree, size-min(size, taken))
}

// neverGiven is how many addresses of the range no dynamic request gets.
func (p *pool) neverGiven() uint64 {
	var n uint64
	if p.special(p.Range.Addr()) != "" {
		n++
	}
	highest := last(p.Range)
	switch {
	case highest == p.Range.Addr() || p.special(highest) == "":
		return n
	case highest.Is4():
		return n + 1
	}
	return n + anycastAddresses
}

// anycastAddresses is how many host numbers, the highest of an IPv6 subnet, are
// for anycast (RFC 2526 §2).
const anycastAddresses = 128

// special says why no dynamic request ever gets an address of the subnet; empty
// where one may.
func (p *pool) special(a netip.Addr) string {
	switch {
	case isNetworkAddress(p.Subnet, a) && a.Is4():
		return "the network address"
	case isNetworkAddress(p.Subnet, a):
		return "the routers' anycast address (RFC 4291)"
	case isBroadcastAddress(p.Subnet, a):
		return "the broadcast address"
	case p.taken == nil && isReservedHost(p.Subnet, a):
		return "one of the highest 128 addresses, which are for anycast (RFC 2526)"
	}
	return ""
}
