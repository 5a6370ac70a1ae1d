package ipam

import (
	"fmt"
	"net/netip"

	"github.com/gaissmai/bart"
)

// Automatic pools are the /24s of 10.96.0.0/12: 4,096 networks, in a block that
// home routers, cloud defaults and the engine's own pools leave alone.
var (
	automaticBase = netip.MustParsePrefix("10.96.0.0/12")
	automaticBits = 24
)

// freeSubnet returns the first automatic subnet that overlaps no pool, no
// reservation and nothing that the host uses. The engine may reject the answer
// and ask again while it holds it, so each answer is a fresh one.
func (m *Manager) freeSubnet(used []netip.Prefix, ipv6 bool) (netip.Prefix, error) {
	if ipv6 {
		return netip.Prefix{}, fmt.Errorf("%w for IPv6: give the network a subnet with --ipv6 --subnet", ErrNoPoolLeft)
	}
	var avoid bart.Lite
	for _, prefix := range used {
		avoid.Insert(prefix)
	}
	for _, r := range m.reservations {
		avoid.Insert(r.Subnet)
	}
	step := uint64(1) << (automaticBase.Addr().BitLen() - automaticBits)
	for base := automaticBase.Addr(); automaticBase.Contains(base); base = plus(base, step) {
		subnet := netip.PrefixFrom(base, automaticBits)
		if !m.subnets.OverlapsPrefix(subnet) && !avoid.OverlapsPrefix(subnet) {
			return subnet, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("%w in %s: every /%d of it is in use or routed elsewhere; give the network a subnet with --subnet",
		ErrNoPoolLeft, automaticBase, automaticBits)
}
