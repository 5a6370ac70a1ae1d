package nftables

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// wantElements wants elements, written as set, key, value and whether they end an
// interval.
func wantElements(t *testing.T, got []element, want ...string) {
	t.Helper()
	var written []string
	for _, e := range got {
		line := fmt.Sprintf("%s %x", e.set.name, e.key)
		if e.value != "" {
			line += fmt.Sprintf(" %x", e.value)
		}
		if e.end {
			line += " end"
		}
		written = append(written, line)
	}
	slices.Sort(written)
	slices.Sort(want)
	if !slices.Equal(written, want) {
		t.Errorf("elements are\n%s\nwant\n%s", strings.Join(written, "\n"), strings.Join(want, "\n"))
	}
}

func TestLinkLocal(t *testing.T) {
	// The example of RFC 4291, appendix A, is 34-56-78-9A-BC-DE.
	if got, want := linkLocal(link.MAC{0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}), addr("fe80::3656:78ff:fe9a:bcde"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := linkLocal(link.MAC{2, 0, 0, 0, 0, 1}), addr("fe80::ff:fe00:1"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInterval(t *testing.T) {
	jump := fmt.Sprintf(" %x", "c")
	for prefix, want := range map[string][]string{
		"192.0.2.64/26":    {"leaving4 c0000240" + jump, "leaving4 c0000280 end"},
		"192.0.2.65/26":    {"leaving4 c0000240" + jump, "leaving4 c0000280 end"},
		"10.0.0.0/7":       {"leaving4 0a000000" + jump, "leaving4 0c000000 end"},
		"192.0.2.1/32":     {"leaving4 c0000201" + jump, "leaving4 c0000202 end"},
		"255.255.255.0/24": {"leaving4 ffffff00" + jump},
		"2001:db8::/63":    {"leaving6 20010db8000000000000000000000000" + jump, "leaving6 20010db8000000020000000000000000 end"},
	} {
		parsed := netip.MustParsePrefix(prefix)
		wantElements(t, interval(leaving.of(parsed.Addr()), parsed, "c"), want...)
	}
}

func TestPortElements(t *testing.T) {
	n := firewall.Network{Bridge: "br", Subnets: []firewall.Subnet{
		subnet("192.0.2.0/26", "192.0.2.1", firewall.NAT), subnet("2001:db8:1::/64", "2001:db8:1::1", firewall.Routed),
	}}
	bridge := "6272" + strings.Repeat("00", 14)
	tests := []struct {
		name string
		port hostport.Mapping
		want []string
	}{
		{"on all addresses", mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:80"), []string{
			"open4 c00002020600000000500000", "published4 060000001f900000 c000020200500000", "own_ports " + bridge + "060000001f900000"}},
		{"on one address", mapping(hostport.UDP, "198.51.100.1:53", "192.0.2.2:53"), []string{
			"open4 c00002021100000000350000", "published_at4 c63364011100000000350000 c000020200350000", "own_ports " + bridge + "1100000000350000"}},
		{"on the loopback", mapping(hostport.TCP, "127.0.0.1:8080", "192.0.2.2:80"), nil},
		{"of the other family", mapping(hostport.TCP, "[::]:8080", "192.0.2.2:80"), []string{"open4 c00002020600000000500000"}},
		{"on no host address", mapping(hostport.TCP, "", "192.0.2.2:80"), []string{"open4 c00002020600000000500000"}},
		{"not translated", mapping(hostport.TCP, "[::]:80", "[2001:db8:1::2]:80"), []string{"open6 20010db80001000000000000000000020600000000500000"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantElements(t, portElements(n, firewall.Endpoint{Ports: []hostport.Mapping{test.port}}), test.want...)
		})
	}
	n.Internal = true
	wantElements(t, portElements(n, web))
}

func TestHolderElements(t *testing.T) {
	e := firewall.Endpoint{Link: "v", MAC: link.MAC{2, 0, 0, 0, 0, 2}, Addresses: []netip.Addr{addr("192.0.2.2"), addr("2001:db8:1::2")}}
	port := "76" + strings.Repeat("00", 15)
	wantElements(t, holderElements(plain, e),
		"ports "+port, "held_mac 020000000002", "own_mac "+port+"0200000000020000",
		"held_ipv4 c0000202", "own_ipv4 "+port+"c0000202",
		"held_ipv6 20010db8000100000000000000000002", "own_ipv6 "+port+"20010db8000100000000000000000002",
		"held_ipv6 fe80000000000000000000fffe000002", "own_ipv6 "+port+"fe80000000000000000000fffe000002")
	e.MAC = link.MAC{}
	wantElements(t, holderElements(plain, e), "ports "+port,
		"held_ipv4 c0000202", "own_ipv4 "+port+"c0000202",
		"held_ipv6 20010db8000100000000000000000002", "own_ipv6 "+port+"20010db8000100000000000000000002")
	wantElements(t, holderElements(special, e))
	wantElements(t, gatewayElements(plain), "held_mac 020000000001", "held_ipv4 c0000201",
		"held_ipv6 20010db8000100000000000000000001", "held_ipv6 fe80000000000000000000fffe000001")
	noGateway := plain
	noGateway.Subnets, noGateway.BridgeMAC = []firewall.Subnet{{Prefix: netip.MustParsePrefix("2001:db8:1::/64")}}, link.MAC{}
	wantElements(t, gatewayElements(noGateway))
}

// TestOwners wants an element to come with its first owner and go with its last.
func TestOwners(t *testing.T) {
	m := newMemory()
	one, other := engineElements([]link.Name{"one"}), engineElements([]link.Name{"other"})
	for i, test := range []struct{ taken, given, removed, added []element }{
		{given: one, added: one},
		{given: append(one, other...), added: other},
		{taken: one},
		{taken: append(one, other...), given: other, removed: one},
		{taken: other, removed: other},
	} {
		s := m.exchange(test.taken, test.given)
		if !slices.Equal(s.added, test.added) || !slices.Equal(s.removed, test.removed) {
			t.Errorf("step %d: added %v and removed %v, want %v and %v", i, s.added, s.removed, test.added, test.removed)
		}
	}
	if len(m.owners) > 0 {
		t.Errorf("left are %v", m.owners)
	}
}
