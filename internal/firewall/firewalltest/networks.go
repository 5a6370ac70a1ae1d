package firewalltest

import (
	"net/netip"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// networks are one of each kind, all on one host.
var networks = []network{
	{1, "nat", []string{"web", "peer", "banned"}, nil},
	{2, "other", []string{"client"}, nil},
	{3, "unmasked", []string{"bare"}, func(n *firewall.Network) { n.Masquerade = false }},
	{4, "source", []string{"sourced"}, leavingAs("host2")},
	{5, "routed", []string{"router"}, func(n *firewall.Network) {
		inMode(firewall.Routed)(n)
		n.Bridge = "lab0" // the name is the user's to choose
	}},
	{6, "unprotected", []string{"open"}, inMode(firewall.NATUnprotected)},
	{7, "internal", []string{"inside", "insider"}, func(n *firewall.Network) {
		n.Internal = true
		inMode(firewall.NATUnprotected)(n) // which gives way
	}},
	{8, "noicc", []string{"quiet", "hush"}, func(n *firewall.Network) { n.NoICC = true }},
	{9, "trusting", []string{"trusted"}, func(n *firewall.Network) { n.TrustedInterfaces = []link.Name{"lan0"} }},
	{10, "direct", []string{"straight"}, func(n *firewall.Network) { n.DirectRouting = true }},
	{11, "isolated", []string{"alone", "together"}, func(n *firewall.Network) {
		inMode(firewall.Isolated)(n)
		withoutGateway(n)
	}},
	{12, "noicc-open", []string{"shy", "coy"}, func(n *firewall.Network) {
		inMode(firewall.NATUnprotected)(n)
		n.NoICC = true
	}},
	{13, "elsewhere", []string{"away"}, func(n *firewall.Network) {
		for f := range n.Subnets {
			n.Subnets[f].OwnGateway = false
		}
	}},
	{14, "segment", []string{"plain", "simple"}, func(n *firewall.Network) { n.Subnets = nil }},
}

// leavingAs is a network whose packets leave with that address of the host.
func leavingAs(name string) func(*firewall.Network) {
	return func(n *firewall.Network) {
		for f := range n.Subnets {
			n.Subnets[f].Source = hostAddresses[name][f]
		}
	}
}

func withoutGateway(n *firewall.Network) {
	for f := range n.Subnets {
		n.Subnets[f].Gateway = netip.Addr{}
		n.Subnets[f].OwnGateway = false
	}
}

// homes are the bridges of other networks that containers are on as well.
var homes = map[string][]link.Name{"bare": {"mb-source"}}

// publication is a port that a container publishes, in both families.
type publication struct {
	container string
	protocol  hostport.Protocol
	// host is a name of hostAddresses, or ownAddress.
	host                    string
	hostPort, containerPort uint16
}

const (
	anyAddress = "any"
	// ownAddress opens the port at the container's own address alone.
	ownAddress = ""
)

var publications = []publication{
	{"web", hostport.TCP, anyAddress, 8080, 80},
	{"web", hostport.TCP, "host", 8081, 81},
	{"web", hostport.UDP, anyAddress, 5353, 53},
	{"web", hostport.UDP, "host2", 5354, 53},
	// The number is that of a port which every machine serves.
	{"web", hostport.TCP, anyAddress, 81, 80},
	// One number, and the address makes the difference.
	{"web", hostport.TCP, anyAddress, 8082, 80},
	{"peer", hostport.TCP, "host2", 8082, 80},

	{"bare", hostport.TCP, anyAddress, 8083, 80},
	// The host serves it itself, as nothing is translated to a routed network.
	{"router", hostport.TCP, anyAddress, 7000, 80},
	{"router", hostport.UDP, ownAddress, 0, 53},
	{"inside", hostport.TCP, anyAddress, 8081, 80},
	{"open", hostport.TCP, anyAddress, 8084, 80},
	{"quiet", hostport.TCP, anyAddress, 8085, 80},
	{"trusted", hostport.TCP, anyAddress, 8086, 80},
	{"trusted", hostport.UDP, anyAddress, 5355, 53},
	{"straight", hostport.TCP, anyAddress, 8087, 80},
	{"away", hostport.TCP, anyAddress, 8088, 80},
}

// hostAddresses are the addresses of the host outside of the networks.
var hostAddresses = map[string]addresses{
	anyAddress:        addressPair("0.0.0.0", "::"),
	"loopback":        addressPair("127.0.0.1", "::1"),
	"host":            addressPair("198.51.100.1", "2001:db8:1::1"),
	"host2":           addressPair("198.51.100.3", "2001:db8:1::3"),
	"host-lan2":       addressPair("203.0.113.1", "2001:db8:2::1"),
	"engine-gateway":  addressPair("172.17.0.1", "fd00:1000::1"),
	"engine2-gateway": addressPair("172.18.0.1", "fd00:2000::1"),
}
