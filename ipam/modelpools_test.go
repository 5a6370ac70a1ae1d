package ipam_test

import (
	"net/netip"
	"slices"
	"strings"

	"mybridge/ipam"
)

func (m *model) overlapped(subnet netip.Prefix) []netip.Prefix {
	var others []netip.Prefix
	for _, p := range m.pools {
		if p.subnet.Overlaps(subnet) {
			others = append(others, p.subnet)
		}
	}
	return others
}

// nextSubnet is the first automatic subnet that is free, the zero value where none is left.
func (m *model) nextSubnet(ipv6 bool, used []netip.Prefix) netip.Prefix {
	for _, pool := range m.automatic {
		if pool.Base.Addr().Is6() != ipv6 {
			continue
		}
		for _, subnet := range subnetsOf(pool) {
			if m.isUnused(subnet, used) {
				return subnet
			}
		}
	}
	return netip.Prefix{}
}

func (m *model) isUnused(subnet netip.Prefix, used []netip.Prefix) bool {
	if len(m.overlapped(subnet)) > 0 || slices.ContainsFunc(used, subnet.Overlaps) {
		return false
	}
	for _, reserved := range m.reservations {
		if subnet.Overlaps(reserved) {
			return false
		}
	}
	return true
}

// subnetsOf lists the subnets of a small address pool.
func subnetsOf(pool ipam.AddressPool) []netip.Prefix {
	var subnets []netip.Prefix
	for a := pool.Base.Addr(); pool.Base.Contains(a); {
		subnet := netip.PrefixFrom(a, pool.Size)
		subnets = append(subnets, subnet)
		for at := pool.Size - 1; ; at-- { // add one at the last bit of the subnet's
			b := a.AsSlice()
			b[at/8] ^= 1 << (7 - at%8)
			a, _ = netip.AddrFromSlice(b)
			if at < pool.Base.Bits() || b[at/8]&(1<<(7-at%8)) != 0 {
				break
			}
		}
	}
	return subnets
}

// bitmaps is what a dump must be.
func (m *model) bitmaps() (dumped ipam.Bitmaps, left []netip.Prefix) {
	dumped = ipam.Bitmaps{}
	set := func(subnet netip.Prefix, a netip.Addr) {
		b := []byte(dumped[subnet])
		n, network := 0, subnet.Addr()
		for ; network != a; network = network.Next() {
			n++
		}
		if n > 0 {
			b[n-1] = '1'
		}
		dumped[subnet] = string(b)
	}
	empty := func(subnet netip.Prefix) {
		if _, there := dumped[subnet]; !there {
			dumped[subnet] = strings.Repeat("0", 1<<(32-subnet.Bits())-1)
		}
	}
	for _, p := range m.pools {
		if p.subnet.Addr().Is6() {
			left = append(left, p.subnet)
			continue
		}
		empty(p.subnet)
		for a, lease := range p.leases {
			if lease.held() {
				set(p.subnet, a)
			}
		}
		for a := range m.reservations {
			if p.subnet.Contains(a) {
				set(p.subnet, a)
			}
		}
	}
	for a, subnet := range m.reservations {
		empty(subnet)
		set(subnet, a)
	}
	slices.SortFunc(left, netip.Prefix.Compare)
	return dumped, left
}
