package ipam

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
)

// shortestIPv4 and shortestIPv6 are the widest subnets taken: an IPv4 /8 is the
// largest bitmap, an IPv6 /16 the largest block that is delegated to anyone.
const (
	shortestIPv4 = 8
	shortestIPv6 = 16
)

// ParseSubnet returns the subnet that s names in CIDR notation: IPv4 /8 to /32
// or IPv6 /16 to /128, unicast, with no host bit set. The field's name goes
// into the error.
func ParseSubnet(field, s string) (netip.Prefix, error) {
	subnet, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s %q is not a subnet in CIDR notation such as 192.168.0.0/24", field, s)
	}
	address, shortest := subnet.Addr(), shortestIPv4
	if address.Is6() {
		shortest = shortestIPv6
	}
	switch {
	case address.Is4In6():
		return netip.Prefix{}, fmt.Errorf("%s %q is an IPv4 subnet written as IPv6: write it as IPv4", field, s)
	case subnet.Bits() < shortest:
		return netip.Prefix{}, fmt.Errorf("%s %q is too wide: allowed is /%d to /%d", field, s, shortest, address.BitLen())
	case subnet != subnet.Masked():
		return netip.Prefix{}, fmt.Errorf("%s %q has host bits set: the subnet is %s", field, s, subnet.Masked())
	case address.IsMulticast(), address.IsLoopback(), isThisNetwork(address), subnet.Contains(limitedBroadcast):
		return netip.Prefix{}, fmt.Errorf("%s %q is not a unicast subnet", field, s)
	}
	return subnet, nil
}

// ParseAddress returns the address that s names, without a subnet's length or an
// IPv6 zone. IPv4 written as IPv6 is the same address, so it is not let in as
// another. The field's name goes into the error.
func ParseAddress(field, s string) (netip.Addr, error) {
	address, err := netip.ParseAddr(s)
	if err != nil || address.Zone() != "" || address.Is4In6() {
		return netip.Addr{}, fmt.Errorf("%s %q is not an IP address such as 192.168.0.7 or fd00::7", field, s)
	}
	return address, nil
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// isThisNetwork reports whether a lies in 0.0.0.0/8 (RFC 1122 §3.2.1.3) or ::/16.
func isThisNetwork(a netip.Addr) bool {
	b := a.AsSlice()
	return b[0] == 0 && (a.Is4() || b[1] == 0)
}

// hostBits is the number of bits of a host number in the subnet.
func hostBits(subnet netip.Prefix) int { return subnet.Addr().BitLen() - subnet.Bits() }

// offset is how far a lies above base, both of one family; false where a lies
// below base or 2^64 or more above it.
func offset(base, a netip.Addr) (uint64, bool) {
	b16, a16 := base.As16(), a.As16()
	low, borrow := bits.Sub64(binary.BigEndian.Uint64(a16[8:]), binary.BigEndian.Uint64(b16[8:]), 0)
	high, borrow := bits.Sub64(binary.BigEndian.Uint64(a16[:8]), binary.BigEndian.Uint64(b16[:8]), borrow)
	return low, borrow == 0 && high == 0
}

// plus is the address n above base; it must lie in base's family.
func plus(base netip.Addr, n uint64) netip.Addr {
	b := base.As16()
	low, carry := bits.Add64(binary.BigEndian.Uint64(b[8:]), n, 0)
	binary.BigEndian.PutUint64(b[8:], low)
	binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])+carry)
	sum := netip.AddrFrom16(b)
	if base.Is4() {
		return sum.Unmap()
	}
	return sum
}

// isNetworkAddress reports whether a is the subnet's all-zero host number: the
// network address, in IPv6 the routers' anycast address (RFC 4291 §2.6.1).
// Subnets of two addresses or one have none (RFC 3021, RFC 6164).
func isNetworkAddress(subnet netip.Prefix, a netip.Addr) bool {
	return hostBits(subnet) > 1 && a == subnet.Addr()
}

// isBroadcastAddress reports whether a is the IPv4 subnet's all-one host number.
func isBroadcastAddress(subnet netip.Prefix, a netip.Addr) bool {
	if !a.Is4() || hostBits(subnet) <= 1 {
		return false
	}
	return a == plus(subnet.Addr(), 1<<hostBits(subnet)-1)
}
