package link

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/test/kernel"
)

// addressesIPv6 are the link's, each with its subnet's length.
func addressesIPv6(t *testing.T, name Name) []string {
	t.Helper()
	var addresses []string
	for line := range strings.Lines(kernel.Run(t, "ip", "-6", "-o", "address", "show", "dev", string(name))) {
		addresses = append(addresses, strings.Fields(line)[3])
	}
	return addresses
}

// wantLinkLocal waits for the address that the kernel gives a link which has IPv6
// and a carrier.
func wantLinkLocal(t *testing.T, name Name) {
	t.Helper()
	isLinkLocal := func(address string) bool { return strings.HasPrefix(address, "fe80:") }
	for start := time.Now(); !slices.ContainsFunc(addressesIPv6(t, name), isLinkLocal); {
		if time.Since(start) > patience {
			t.Fatalf("link %s has the IPv6 addresses %q, want one that starts with fe80:", name, addressesIPv6(t, name))
		}
	}
}

// wantNoIPv6 checks that the link has no IPv6 address and will get none.
func wantNoIPv6(t *testing.T, name Name) {
	t.Helper()
	wantSetting(t, name, "disable_ipv6", "1")
	if addresses := addressesIPv6(t, name); len(addresses) > 0 {
		t.Errorf("link %s has the IPv6 addresses %q, want none", name, addresses)
	}
}

// connect gives the bridge a port that is up at both ends, so that it has a carrier.
func connect(t *testing.T, m *Manager) Veth {
	t.Helper()
	v := testVeth()
	must(t, m.EnsureVeth(t.Context(), v))
	kernel.Run(t, "ip", "link", "set", string(v.Peer), "up")
	wantLinkLocal(t, v.Peer)
	return v
}

func wantSetting(t *testing.T, name Name, setting, want string) {
	t.Helper()
	path := "net.ipv6.conf." + string(name) + "." + setting
	if got := strings.TrimSpace(kernel.Run(t, "sysctl", "-n", path)); got != want {
		t.Errorf("%s is %s, want %s", path, got, want)
	}
}

// TestBridgeWithoutIPv6 wants no way to the host by an address that nobody asked
// for, until there is an IPv6 gateway.
func TestBridgeWithoutIPv6(t *testing.T) {
	m := open(t)
	b := testBridge()
	both := b.Gateways
	b.Gateways = both[:1]
	must(t, m.EnsureBridge(t.Context(), b))
	connect(t, m)
	wantNoIPv6(t, b.Name)
	wantSetting(t, b.Name, "accept_ra", "0")
	b.Gateways = both
	must(t, m.EnsureBridge(t.Context(), b))
	wantLinkLocal(t, b.Name)
	wantShown(t, b.Name, "2001:db8::1/64")
	wantSetting(t, b.Name, "accept_ra", "0")
}

func TestBridgeWithIPv6(t *testing.T) {
	m := open(t)
	b := testBridge()
	must(t, m.EnsureBridge(t.Context(), b))
	connect(t, m)
	wantLinkLocal(t, b.Name)
	wantShown(t, b.Name, "2001:db8::1/64")
	wantSetting(t, b.Name, "accept_ra", "0")
	// What is set by hand later is set right by the next start.
	kernel.Run(t, "sysctl", "-qw", "net.ipv6.conf.mb-test.accept_ra=1")
	must(t, m.EnsureBridge(t.Context(), b))
	wantSetting(t, b.Name, "accept_ra", "0")
}

// TestPortWithoutAddress wants no address on the bridge's end of a veth pair, and
// IPv6 in the container's.
func TestPortWithoutAddress(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	v := connect(t, m)
	wantNoIPv6(t, v.Name)
}

// TestForeignBridgeKeepsIPv6 wants a bridge of somebody else's left as it is.
func TestForeignBridgeKeepsIPv6(t *testing.T) {
	m := open(t)
	kernel.Run(t, "ip", "link", "add", "mb-test", "type", "bridge")
	kernel.Run(t, "sysctl", "-qw", "net.ipv6.conf.mb-test.disable_ipv6=0", "net.ipv6.conf.mb-test.accept_ra=2")
	_, err := m.RaiseBridge(t.Context(), "mb-test")
	must(t, err)
	wantSetting(t, "mb-test", "disable_ipv6", "0")
	wantSetting(t, "mb-test", "accept_ra", "2")
}
