package nftables

import (
	"net/netip"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

func openAs(t *testing.T, instance string, options Options) *Firewall {
	t.Helper()
	f, err := Open(instance, options)
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

func openFirewall(t *testing.T) *Firewall {
	t.Helper()
	return openAs(t, "mybridge", Options{})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listed is what a person lists, with the handles: a rule that was made again has
// another one.
func listed(t *testing.T) string {
	t.Helper()
	return kernel.Run(t, "nft", "-a", "list", "ruleset")
}

// ruleset is what a person lists.
func ruleset(t *testing.T) string {
	t.Helper()
	return kernel.Run(t, "nft", "list", "ruleset")
}

// setOf is one set as a person lists it, on one line.
func setOf(t *testing.T, family, name string) string {
	t.Helper()
	return strings.Join(strings.Fields(kernel.Run(t, "nft", "list", "set", family, "mybridge", name)), " ")
}

func wantEqual(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s the rules are\n%s\nwant\n%s", what, got, want)
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func subnet(prefix, gateway string, mode firewall.Mode) firewall.Subnet {
	return firewall.Subnet{Prefix: netip.MustParsePrefix(prefix), Gateway: addr(gateway), Mode: mode}
}

func mapping(protocol hostport.Protocol, host, container string) hostport.Mapping {
	m := hostport.Mapping{Protocol: protocol, Container: netip.MustParseAddrPort(container)}
	if host != "" {
		m.Host = netip.MustParseAddrPort(host)
	}
	return m
}

// The networks of most tests: of both families, and each kind that has rules of
// its own.
var (
	plain = firewall.Network{
		ID: "aaaaaaaaaaaaaaaa", Bridge: "mb-plain", BridgeMAC: link.MAC{2, 0, 0, 0, 0, 1}, Masquerade: true, Antispoof: true,
		Subnets: []firewall.Subnet{subnet("192.0.2.0/26", "192.0.2.1", firewall.NAT), subnet("2001:db8:1::/64", "2001:db8:1::1", firewall.NATUnprotected)},
	}
	special = firewall.Network{
		ID: "bbbbbbbbbbbbbbbb", Bridge: "mb-special", NoICC: true, DirectRouting: true, TrustedInterfaces: []link.Name{"lan0"},
		Subnets: []firewall.Subnet{subnet("192.0.2.64/26", "192.0.2.65", firewall.NAT), subnet("2001:db8:2::/64", "2001:db8:2::1", firewall.Routed)},
	}
	closed = firewall.Network{
		ID: "cccccccccccccccc", Bridge: "mb-closed", Internal: true, Antispoof: true, Masquerade: true,
		Subnets: []firewall.Subnet{subnet("192.0.2.128/26", "192.0.2.129", firewall.NAT)},
	}
	bare = firewall.Network{ID: "dddddddddddddddd", Bridge: "mb-bare"}

	web = firewall.Endpoint{
		ID: "web", Link: "mbv-web", MAC: link.MAC{2, 0, 0, 0, 0, 2}, Addresses: []netip.Addr{addr("192.0.2.2"), addr("2001:db8:1::2")},
		Ports: []hostport.Mapping{
			mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:80"),
			mapping(hostport.TCP, "[::]:8080", "[2001:db8:1::2]:80"),
			mapping(hostport.UDP, "198.51.100.1:5353", "192.0.2.2:53"),
		},
	}
	mail = firewall.Endpoint{
		ID: "mail", Link: "mbv-mail", MAC: link.MAC{2, 0, 0, 0, 0, 3}, Addresses: []netip.Addr{addr("192.0.2.3")},
		Ports: []hostport.Mapping{mapping(hostport.TCP, "0.0.0.0:2525", "192.0.2.3:25")},
	}
)

var whole = firewall.State{
	Networks: []firewall.NetworkState{
		{Network: special}, {Network: bare}, {Network: closed},
		{Network: plain, Endpoints: []firewall.Endpoint{mail, web}},
	},
	EngineBridges: []link.Name{"docker0"},
}
