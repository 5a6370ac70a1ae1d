package nftables

import (
	"encoding/binary"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

func bridgeSet(name, comment string, key ...nftables.SetDatatype) *set {
	return &set{family: nftables.TableFamilyBridge, name: name, comment: comment, key: concatenation(key)}
}

// What endpoints may not send unless it is their own.
var (
	ports    = bridgeSet("ports", "the bridges' ends of endpoints", ifname)
	ownMAC   = bridgeSet("own_mac", "", ifname, etherAddr)
	heldMAC  = bridgeSet("held_mac", "of all endpoints and gateways", etherAddr)
	ownIPv4  = bridgeSet("own_ipv4", "", ifname, ipv4Addr)
	heldIPv4 = bridgeSet("held_ipv4", "of all endpoints and gateways", ipv4Addr)
	ownIPv6  = bridgeSet("own_ipv6", "", ifname, ipv6Addr)
	heldIPv6 = bridgeSet("held_ipv6", "of all endpoints and gateways", ipv6Addr)
)

// The protocol is the kernel's word for it and not the frame's type field, which
// in a frame with a VLAN tag is the tag's. Behind a second tag the kernel does not
// look, but who receives the frame strips tags of VLAN 0, however many (IEEE
// 802.1Q priority tags): so no endpoint sends a second.
var (
	isARP  = isProtocol(unix.ETH_P_ARP)
	isIP   = isProtocol(unix.ETH_P_IP)
	isIP6  = isProtocol(unix.ETH_P_IPV6)
	isVLAN = isProtocol(unix.ETH_P_8021Q)
	isQinQ = isProtocol(unix.ETH_P_8021AD)
)

func isProtocol(number uint16) []expr.Any {
	return is(metaProtocol, binary.BigEndian.AppendUint16(nil, number)...)
}

// isND is neighbour discovery's message of the type (RFC 4861 §4).
func isND(number byte) []expr.Any {
	return slices.Concat(isIP6, is(metaL4proto, unix.IPPROTO_ICMPV6), is(icmpv6Type, number))
}

// The types of neighbour discovery's messages (RFC 4861 §4).
const (
	routerAdvertisement    = 134
	neighbourAdvertisement = 136
	redirect               = 137
)

// foreign is a field in which somebody else's stands: it is held, and not by the
// endpoint that sends it.
func foreign(held, own *set, f field) []expr.Any {
	return append(in(held, f), notIn(own, iifname, f)...)
}

// bridgeTable sees frames as they come from the endpoints, bridged ones and those
// for the host. What the host sends itself does not come by.
var bridgeTable = table{
	family: nftables.TableFamilyBridge,
	sets:   []*set{ports, ownMAC, heldMAC, ownIPv4, heldIPv4, ownIPv6, heldIPv6},
	chains: []chain{
		{name: "prerouting", hook: &hook{nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw}, rules: []rule{
			newRule("", in(ports, iifname), jump("endpoint")),
		}},
		{name: "endpoint", rules: []rule{
			newRule("nothing hides behind a second VLAN tag", isVLAN, drop),
			newRule("nothing hides behind a second VLAN tag", isQinQ, drop),
			newRule("", foreign(heldMAC, ownMAC, etherSaddr), drop),
			newRule("", isARP, foreign(heldMAC, ownMAC, arpSaddrEther), drop),
			newRule("", isARP, foreign(heldIPv4, ownIPv4, arpSaddrIP), drop),
			newRule("", isIP, foreign(heldIPv4, ownIPv4, ipSaddr), drop),
			newRule("", isIP6, foreign(heldIPv6, ownIPv6, ip6Saddr), drop),
			newRule("the address of a neighbour advertisement", isND(neighbourAdvertisement), foreign(heldIPv6, ownIPv6, icmpv6Taddr), drop),
			newRule("", isND(routerAdvertisement), drop),
			newRule("", isND(redirect), drop),
		}},
	},
}
