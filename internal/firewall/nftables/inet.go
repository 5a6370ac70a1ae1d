package nftables

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"golang.org/x/sys/unix"
)

func inetSet(name, comment string, key ...nftables.SetDatatype) *set {
	return &set{family: nftables.TableFamilyINet, name: name, comment: comment, key: concatenation(key)}
}

// The types of keys and values by their names in nft.
var (
	ifname      = nftables.TypeIFName
	nfProto     = nftables.TypeNFProto
	ipv4Addr    = nftables.TypeIPAddr
	ipv6Addr    = nftables.TypeIP6Addr
	etherAddr   = nftables.TypeEtherAddr
	inetProto   = nftables.TypeInetProto
	inetService = nftables.TypeInetService
	verdict     = nftables.TypeVerdict
)

// What networks and endpoints are to the rules.
var (
	bridges     = inetSet("bridges", "bridges of all networks", ifname)
	networks    = inetSet("networks", "bridges of networks with a subnet", ifname)
	internal    = inetSet("internal", "bridges of internal networks", ifname)
	neighbours  = inetSet("neighbours", "a bridge twice: what stays on it passes", ifname, ifname)
	noICC       = inetSet("no_icc", "a bridge twice: what stays on it does not pass", ifname, ifname)
	unprotected = inetSet("unprotected", "mode nat-unprotected", nfProto, ifname)
	routed      = inetSet("routed", "mode routed", nfProto, ifname)
	direct      = inetSet("direct", "open ports are reached from everywhere", nfProto, ifname)
	trusted     = inetSet("trusted", "open ports are reached from this interface", ifname, ifname)
	answering   = inetSet("answering", "the host is these networks' gateway", nfProto, ifname)
	engine      = inetSet("engine", "bridges of the engine's own driver", ifname)

	open = pair{
		inetSet("open4", "ports that containers publish", ipv4Addr, inetProto, inetService),
		inetSet("open6", "ports that containers publish", ipv6Addr, inetProto, inetService),
	}
	published = pair{
		inetSet("published4", "host ports on all addresses", inetProto, inetService).to(ipv4Addr, inetService),
		inetSet("published6", "host ports on all addresses", inetProto, inetService).to(ipv6Addr, inetService),
	}
	publishedAt = pair{
		inetSet("published_at4", "host ports on one address", ipv4Addr, inetProto, inetService).to(ipv4Addr, inetService),
		inetSet("published_at6", "host ports on one address", ipv6Addr, inetProto, inetService).to(ipv6Addr, inetService),
	}
	ownPorts = inetSet("own_ports", "host ports that the bridge's own containers publish", ifname, inetProto, inetService)

	leaving = pair{
		inetSet("leaving4", "subnets that are translated", ipv4Addr).to(verdict).ofIntervals(),
		inetSet("leaving6", "subnets that are translated", ipv6Addr).to(verdict).ofIntervals(),
	}
)

var (
	isIPv4 = is(metaNfproto, unix.NFPROTO_IPV4)
	isIPv6 = is(metaNfproto, unix.NFPROTO_IPV6)

	openIPv4 = in(open.ipv4, ipDaddr, metaL4proto, thDport)
	openIPv6 = in(open.ipv6, ip6Daddr, metaL4proto, thDport)
)

// localType is the type of the host's own addresses (rtnetlink(7)).
var localType = binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)

// inetTable translates and filters. Nothing in it depends on how many networks
// and ports there are. An accept ends only this table; others have their say.
var inetTable = table{
	family: nftables.TableFamilyINet,
	sets: []*set{
		bridges, networks, internal, neighbours, noICC, unprotected, routed, direct, trusted, answering, engine,
		open.ipv4, open.ipv6, ownPorts, published.ipv4, published.ipv6, publishedAt.ipv4, publishedAt.ipv6, leaving.ipv4, leaving.ipv6,
	},
	chains: []chain{
		{name: "prerouting", hook: &hook{nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest}, rules: []rule{
			// Forwarded back to where it came from, it would be dropped by the bridge,
			// or be answered past the host.
			newRule("from a neighbour, carried by the held sockets", in(ownPorts, iifname, metaL4proto, thDport), goBack),
			newRule("never what is on its way elsewhere", is(fibDaddrType, localType...), jump("published")),
		}},
		{name: "output", hook: &hook{nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest}, rules: []rule{
			newRule("never what is on its way elsewhere", is(fibDaddrType, localType...), jump("published")),
		}},
		{name: "published", rules: []rule{
			newRule("carried by the held sockets", isIPv4, within(ipDaddr, netip.MustParsePrefix("127.0.0.0/8")), goBack),
			newRule("carried by the held sockets", isIPv6, is(ip6Daddr, netip.IPv6Loopback().AsSlice()...), goBack),
			newRule("carried by the held sockets", isIPv6, within(ip6Daddr, netip.MustParsePrefix("fe80::/10")), goBack),
			newRule("", isIPv4, destinationBy(publishedAt.ipv4, unix.NFPROTO_IPV4, ipDaddr, metaL4proto, thDport)),
			newRule("", isIPv4, destinationBy(published.ipv4, unix.NFPROTO_IPV4, metaL4proto, thDport)),
			newRule("", isIPv6, destinationBy(publishedAt.ipv6, unix.NFPROTO_IPV6, ip6Daddr, metaL4proto, thDport)),
			newRule("", isIPv6, destinationBy(published.ipv6, unix.NFPROTO_IPV6, metaL4proto, thDport)),
		}},
		{name: "input", hook: &hook{nftables.ChainTypeFilter, nftables.ChainHookInput, nftables.ChainPriorityFilter}, rules: []rule{
			newRule("only its own bridge's addresses", in(internal, iifname), is(fibDaddrType, localType...), isNot(fibDaddrIifType, localType...), drop),
		}},
		{name: "forward", hook: &hook{nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter}, rules: []rule{
			newRule("bridged, where bridged packets come by here", in(neighbours, iifname, oifname), accept),
			newRule("", in(internal, iifname), drop),
			newRule("", in(internal, oifname), drop),
			newRule("", ctAnswer, accept),
			newRule("", in(networks, oifname), jump("entering")),
			newRule("only to ports that the engine publishes", in(bridges, iifname), in(engine, oifname), ctNotDNAT, drop),
		}},
		{name: "entering", rules: []rule{
			newRule("sent to a published host port", ctDNAT, accept),
			newRule("back to where it came from", in(noICC, iifname, oifname), drop),
			newRule("", in(unprotected, metaNfproto, oifname), accept),
			newRule("", in(routed, metaNfproto, oifname), is(metaL4proto, unix.IPPROTO_ICMP), accept),
			newRule("", in(routed, metaNfproto, oifname), is(metaL4proto, unix.IPPROTO_ICMPV6), accept),
			newRule("", in(direct, metaNfproto, oifname), isIPv4, openIPv4, accept),
			newRule("", in(direct, metaNfproto, oifname), isIPv6, openIPv6, accept),
			newRule("", in(trusted, iifname, oifname), isIPv4, openIPv4, accept),
			newRule("", in(trusted, iifname, oifname), isIPv6, openIPv6, accept),
			newRule("", drop),
		}},
		{name: "postrouting", hook: &hook{nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource}, rules: []rule{
			newRule("answers come back this way", in(answering, metaNfproto, oifname), goBack),
			newRule("", isIPv4, jumpBy(leaving.ipv4, ipSaddr)),
			newRule("", isIPv6, jumpBy(leaving.ipv6, ip6Saddr)),
		}},
	},
}
