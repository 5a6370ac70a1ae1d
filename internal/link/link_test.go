package link

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/test/kernel"
)

func open(t *testing.T) *Manager {
	t.Helper()
	kernel.Namespace(t)
	log := logrus.New()
	log.SetOutput(io.Discard)
	m, err := Open("test", log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// show returns what a person sees of the link, "" where there is none.
func show(t *testing.T, name Name) string {
	t.Helper()
	all := kernel.Run(t, "ip", "-o", "-d", "address", "show") + kernel.Run(t, "ip", "-o", "-d", "link", "show")
	var lines []string
	for line := range strings.Lines(all) {
		fields := strings.Fields(line)
		device, _, _ := strings.Cut(strings.TrimSuffix(fields[1], ":"), "@")
		if device == string(name) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func wantShown(t *testing.T, name Name, want ...string) {
	t.Helper()
	shown := show(t, name)
	for _, part := range want {
		if !strings.Contains(shown, part) {
			t.Errorf("link %s: %q is not in\n%s", name, part, shown)
		}
	}
}

func testBridge() Bridge {
	return Bridge{
		Name: "mb-test", Network: "n1", MTU: 1400, MAC: RandomMAC(),
		Gateways: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("2001:db8::1/64")},
	}
}

func TestBridge(t *testing.T) {
	m := open(t)
	b := testBridge()
	for range 2 {
		must(t, m.EnsureBridge(t.Context(), b))
		wantShown(t, b.Name, "UP", "mtu 1400", "192.0.2.1/24", "2001:db8::1/64", "network=n1", b.MAC.String())
	}
	kernel.Run(t, "ip", "address", "flush", "dev", "mb-test")
	kernel.Run(t, "ip", "link", "set", "mb-test", "down", "mtu", "1500")
	must(t, m.EnsureBridge(t.Context(), b))
	wantShown(t, b.Name, "UP", "mtu 1400", "192.0.2.1/24", "2001:db8::1/64")
	for range 2 {
		mustRemove(t, m, []Bridge{b}, nil)
	}
	if shown := show(t, b.Name); shown != "" {
		t.Errorf("the bridge is left: %s", shown)
	}
}

func TestBridgeOfSomebodyElse(t *testing.T) {
	m := open(t)
	b := testBridge()
	other := RandomMAC()
	kernel.Run(t, "ip", "link", "add", "mb-test", "address", other.String(), "type", "bridge")
	kernel.Run(t, "ip", "address", "add", "198.51.100.1/24", "dev", "mb-test")
	if err := m.EnsureBridge(t.Context(), b); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
	mustRemove(t, m, []Bridge{b}, nil)
	for range 2 {
		mac, err := m.RaiseBridge(t.Context(), b.Name)
		must(t, err)
		if mac != other {
			t.Errorf("got MAC %s, want %s", mac, other)
		}
		wantShown(t, b.Name, "UP", "mtu 1500", "198.51.100.1/24", other.String())
	}
	if shown := show(t, b.Name); strings.Contains(shown, "192.0.2.1") || strings.Contains(shown, "alias") {
		t.Errorf("the bridge was changed: %s", shown)
	}
}

func TestRaiseBridgeThatIsGone(t *testing.T) {
	m := open(t)
	if mac, err := m.RaiseBridge(t.Context(), "mb-test"); err == nil || !strings.Contains(err.Error(), "mb-test") {
		t.Errorf("got %s, %v, want an error that names the bridge", mac, err)
	}
}

func TestHalfMadeBridge(t *testing.T) {
	b := testBridge()
	t.Run("completed", func(t *testing.T) {
		m := open(t)
		kernel.Run(t, "ip", "link", "add", "mb-test", "address", b.MAC.String(), "type", "bridge")
		must(t, m.EnsureBridge(t.Context(), b))
		wantShown(t, b.Name, "UP", "192.0.2.1/24", "network=n1")
	})
	t.Run("removed", func(t *testing.T) {
		m := open(t)
		kernel.Run(t, "ip", "link", "add", "mb-test", "address", b.MAC.String(), "type", "bridge")
		mustRemove(t, m, []Bridge{b}, nil)
		if shown := show(t, b.Name); shown != "" {
			t.Errorf("the bridge is left: %s", shown)
		}
	})
}

func TestNotABridge(t *testing.T) {
	m := open(t)
	kernel.Run(t, "ip", "link", "add", "mb-test", "type", "veth", "peer", "name", "other")
	if _, err := m.BridgeExists(t.Context(), "mb-test"); !errors.Is(err, ErrNotBridge) {
		t.Errorf("got %v, want %v", err, ErrNotBridge)
	}
	if err := m.EnsureBridge(t.Context(), testBridge()); !errors.Is(err, ErrNotBridge) {
		t.Errorf("got %v, want %v", err, ErrNotBridge)
	}
	mustRemove(t, m, []Bridge{testBridge()}, nil)
	wantShown(t, "mb-test", "veth")
}

func testVeth() Veth {
	return Veth{
		Name: "mbvtest", Peer: "mbptest", Bridge: "mb-test", Network: "n1", Endpoint: "e1", MTU: 1400, MAC: RandomMAC(),
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")},
	}
}

func TestVeth(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	v := testVeth()
	for range 2 {
		must(t, m.EnsureVeth(t.Context(), v))
		wantShown(t, v.Name, "UP", "mtu 1400", "master mb-test", "mybridge/test network=n1 endpoint=e1 192.0.2.2/24")
		wantShown(t, v.Peer, "mtu 1400", v.MAC.String())
	}
	for range 2 {
		mustRemove(t, m, nil, []Veth{v})
	}
	if shown := show(t, v.Name) + show(t, v.Peer); shown != "" {
		t.Errorf("links are left: %s", shown)
	}
}

// TestLongestAlias wants the longest IDs and addresses to fit the kernel's alias.
func TestLongestAlias(t *testing.T) {
	m := open(t)
	m.instance = strings.Repeat("i", 32)
	b, v := testBridge(), testVeth()
	b.Network = strings.Repeat("n", 64)
	must(t, m.EnsureBridge(t.Context(), b))
	v.Network, v.Endpoint = b.Network, strings.Repeat("e", 64)
	v.Addresses = []netip.Prefix{netip.MustParsePrefix("192.168.100.100/24"), netip.MustParsePrefix("2001:db8:1111:2222:3333:4444:5555:6666/64")}
	must(t, m.EnsureVeth(t.Context(), v))
	wantShown(t, v.Name, v.Endpoint+" 192.168.100.100/24 2001:db8:1111:2222:3333:4444:5555:6666/64")
}

// TestOwned wants of each complete link what it was made with, and nothing of
// what others or another instance made.
func TestOwned(t *testing.T) {
	m := open(t)
	b, v := testBridge(), testVeth()
	b.Note = "one two"
	must(t, m.EnsureBridge(t.Context(), b))
	must(t, m.EnsureVeth(t.Context(), v))
	kernel.Run(t, "ip", "link", "add", "other", "type", "bridge")
	second := &Manager{handle: m.handle, instance: "test2", log: m.log}
	must(t, second.EnsureBridge(t.Context(), Bridge{Name: "second", Network: "n2", MAC: RandomMAC()}))
	bridges, veths, err := m.Owned(t.Context())
	must(t, err)
	if want := []OwnedBridge{{Name: b.Name, MAC: b.MAC, Network: "n1", Note: "one two"}}; !slices.Equal(bridges, want) {
		t.Errorf("bridges are %+v, want %+v", bridges, want)
	}
	want := OwnedVeth{Name: v.Name, Bridge: b.Name, Network: "n1", Endpoint: "e1", Addresses: v.Addresses}
	if len(veths) != 1 || !reflect.DeepEqual(veths[0], want) {
		t.Errorf("veths are %+v, want %+v", veths, want)
	}
	used, err := m.AddressesInUse(t.Context())
	must(t, err)
	for address, want := range map[string]string{"192.0.2.1": "bridge mb-test", "2001:db8::1": "bridge mb-test", "192.0.2.2": "endpoint e1 on link mbvtest"} {
		if got := used[netip.MustParseAddr(address)]; got != want {
			t.Errorf("%s is in use by %q, want %q", address, got, want)
		}
	}
	if len(used) != 3 {
		t.Errorf("in use are %v, want three", used)
	}
}

func TestVethOfSomebodyElse(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	other := testVeth()
	other.Endpoint = "e2"
	must(t, m.EnsureVeth(t.Context(), other))
	if err := m.EnsureVeth(t.Context(), testVeth()); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
	mustRemove(t, m, nil, []Veth{testVeth()})
	wantShown(t, other.Name, "endpoint=e2")
}

func TestVethWithoutBridge(t *testing.T) {
	m := open(t)
	if err := m.EnsureVeth(t.Context(), testVeth()); err == nil || !strings.Contains(err.Error(), "mb-test") {
		t.Errorf("got %v, want an error that names the bridge", err)
	}
	if shown := show(t, "mbvtest"); shown != "" {
		t.Errorf("a link is left: %s", shown)
	}
}

func TestForwarding(t *testing.T) {
	m := open(t)
	for _, ipv6 := range []bool{false, true} {
		path := map[bool]string{false: "net.ipv4.ip_forward", true: "net.ipv6.conf.all.forwarding"}[ipv6]
		kernel.Run(t, "sysctl", "-qw", path+"=0")
		must(t, m.EnsureForwarding(t.Context(), ipv6))
		if value := kernel.Run(t, "sysctl", "-n", path); value != "1\n" {
			t.Errorf("%s is %q", path, value)
		}
	}
}

func TestSubnetHolder(t *testing.T) {
	m := open(t)
	for _, command := range []string{
		"link add uplink type veth peer name other", "link set uplink up", "link set other up",
		"address add 198.51.100.7/25 dev uplink", "address add 10.0.0.5/8 dev uplink", "address add 2001:db8:5::7/64 dev uplink nodad",
		"route add default via 198.51.100.1", "route add 172.16.0.0/12 via 198.51.100.1",
	} {
		kernel.Run(t, "ip", strings.Fields(command)...)
	}
	for gateway, want := range map[string]Name{
		"198.51.100.1/25":   "uplink",
		"198.51.100.7/25":   "uplink",
		"198.51.100.1/24":   "uplink",
		"198.51.100.129/25": "",
		"10.5.0.1/24":       "",
		"10.0.0.1/16":       "uplink",
		"172.20.0.1/16":     "",
		"192.168.0.1/24":    "",
		"2001:db8:5::1/64":  "uplink",
		"2001:db8:6::1/64":  "",
	} {
		got, err := m.SubnetHolder(t.Context(), netip.MustParsePrefix(gateway))
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", gateway, got, err, want)
		}
	}
}

// TestUsedPrefixes compares what is kept up by messages with what a list tells.
func TestUsedPrefixes(t *testing.T) {
	m := open(t)
	kernel.Run(t, "ip", "link", "add", "uplink", "type", "veth", "peer", "name", "other")
	kernel.Run(t, "ip", "link", "set", "other", "up")
	kernel.Run(t, "ip", "link", "set", "uplink", "up")
	for _, step := range []struct {
		command string
		want    []string
		gone    []string
	}{
		{"address add 198.51.100.7/25 dev uplink", []string{"198.51.100.0/25"}, nil},
		{"route add 10.96.0.0/16 via 198.51.100.1", []string{"198.51.100.0/25", "10.96.0.0/16"}, nil},
		{"route add default via 198.51.100.1", []string{"10.96.0.0/16"}, []string{"0.0.0.0/0"}},
		{"route add 10.96.0.0/16 via 198.51.100.2 metric 9", []string{"10.96.0.0/16"}, nil},
		{"route delete 10.96.0.0/16 via 198.51.100.1", []string{"10.96.0.0/16"}, nil},
		{"route delete 10.96.0.0/16 via 198.51.100.2", nil, []string{"10.96.0.0/16"}},
		{"-6 address add 2001:db8::7/64 dev uplink nodad", []string{"2001:db8::/64", "198.51.100.0/25"}, nil},
		{"-6 route add 2001:db8:1::/48 via 2001:db8::1", []string{"2001:db8:1::/48"}, nil},
		{"route add 10.97.0.0/16 via 198.51.100.1 table 9", nil, []string{"10.97.0.0/16"}},
		{"address delete 198.51.100.7/25 dev uplink", []string{"2001:db8::/64"}, []string{"198.51.100.0/25"}},
		{"address add 203.0.113.7/24 dev uplink", []string{"203.0.113.0/24"}, nil},
		{"link delete uplink", nil, []string{"203.0.113.0/24", "2001:db8::/64", "2001:db8:1::/48"}},
	} {
		kernel.Run(t, "ip", strings.Fields(step.command)...)
		used, err := m.UsedPrefixes(t.Context())
		must(t, err)
		for _, want := range step.want {
			if !used.Get(netip.MustParsePrefix(want)) {
				t.Errorf("after %s, %s is not among\n%v", step.command, want, used)
			}
		}
		for _, gone := range step.gone {
			if used.Get(netip.MustParsePrefix(gone)) {
				t.Errorf("after %s, %s is still among\n%v", step.command, gone, used)
			}
		}
	}
}

// TestUsedPrefixesAfterLostMessages makes more changes than the kernel keeps messages
// of.
func TestUsedPrefixesAfterLostMessages(t *testing.T) {
	m := open(t)
	used, err := m.UsedPrefixes(t.Context())
	must(t, err)
	before := used.Size()
	var commands strings.Builder
	const routes = 4000
	for i := range routes {
		fmt.Fprintf(&commands, "route add blackhole 10.%d.%d.0/24\n", i/256, i%256)
	}
	kernel.ThisMachine(t, "host").Feed(t, commands.String(), "ip", "-batch", "-")
	used, err = m.UsedPrefixes(t.Context())
	must(t, err)
	if used.Size() != before+routes {
		t.Errorf("known are %d subnets, want %d", used.Size(), before+routes)
	}
}
