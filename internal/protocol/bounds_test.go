package protocol

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/ipam"
)

var (
	fuzzedID   = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`)
	fuzzedName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$`)
)

// wantSubnet checks a subnet that was let in: of that family, unicast, without
// host bits and no wider than allowed.
func wantSubnet(t *testing.T, what string, subnet netip.Prefix, ipv6 bool) {
	t.Helper()
	widest := 8
	if ipv6 {
		widest = 16
	}
	a := subnet.Addr()
	if a.Is6() != ipv6 || a.Is4In6() || a.Zone() != "" || subnet != subnet.Masked() || subnet.Bits() < widest || a.IsMulticast() || a.IsLoopback() || a.IsUnspecified() {
		t.Errorf("%s %s was let in, want a unicast subnet, /%d or narrower, IPv6 %v", what, subnet, widest, ipv6)
	}
}

// wantAddress checks an address that was let in, if there is one.
func wantAddress(t *testing.T, what string, address netip.Prefix, ipv6 bool) {
	t.Helper()
	if a := address.Addr(); address != (netip.Prefix{}) && (!address.IsValid() || a.Is6() != ipv6 || a.Is4In6() || a.Zone() != "") {
		t.Errorf("%s %s was let in, want an address with its subnet's length, IPv6 %v", what, address, ipv6)
	}
}

func wantNetwork(t *testing.T, n driver.NetworkConfig) {
	t.Helper()
	if !fuzzedID.MatchString(string(n.ID)) {
		t.Errorf("network ID %q was let in", n.ID)
	}
	wantName(t, "bridge name", n.BridgeName)
	if n.MTU != 0 && (n.MTU < 68 || n.MTU > 65535) {
		t.Errorf("MTU %d was let in", n.MTU)
	}
	for ipv6, subnet := range map[bool]driver.Subnet{false: n.IPv4, true: n.IPv6} {
		switch {
		case subnet.Pool.IsValid():
			wantSubnet(t, "subnet", subnet.Pool, ipv6)
			wantAddress(t, "gateway", subnet.Gateway, ipv6)
		case subnet.Gateway.IsValid() || subnet.Managed:
			t.Errorf("%+v was let in, want none without a pool", subnet)
		}
		if subnet.Mode != "" && !slices.Contains(firewall.Modes(), subnet.Mode) {
			t.Errorf("gateway mode %q was let in", subnet.Mode)
		}
		if a := subnet.Source; a.IsValid() && (a.Is6() != ipv6 || a.Is4In6() || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast()) {
			t.Errorf("source address %s was let in, want one of a host, IPv6 %v", a, ipv6)
		}
	}
	if a := n.HostBinding; a.Is4In6() || a.Zone() != "" {
		t.Errorf("host binding %s was let in", a)
	}
	for _, name := range append([]link.Name{n.InterfacePrefix}, n.TrustedInterfaces...) {
		wantName(t, "interface name", name)
	}
}

// wantName checks a name that was let in, if there is one.
func wantName(t *testing.T, what string, name link.Name) {
	t.Helper()
	if name != "" && (!fuzzedName.MatchString(string(name)) || name == "all" || name == "default") {
		t.Errorf("%s %q was let in", what, name)
	}
}

// wantPorts checks published ports that were let in.
func wantPorts(t *testing.T, ports []driver.PortRequest) {
	t.Helper()
	for _, port := range ports {
		if !slices.Contains(hostport.Protocols(), port.Protocol) || port.Container == 0 || port.Last < port.First || port.First == 0 && port.Last != 0 {
			t.Errorf("port mapping %+v was let in", port)
		}
		if a := port.Host; a.Is4In6() || a.Zone() != "" || a.IsMulticast() {
			t.Errorf("port mapping at host address %s was let in", a)
		}
	}
}

func wantEndpoint(t *testing.T, e driver.EndpointConfig) {
	t.Helper()
	if !fuzzedID.MatchString(string(e.Network)) || !fuzzedID.MatchString(string(e.ID)) {
		t.Errorf("network ID %q and endpoint ID %q were let in", e.Network, e.ID)
	}
	wantAddress(t, "address", e.IPv4, false)
	wantAddress(t, "address", e.IPv6, true)
	if e.MAC != (link.MAC{}) && e.MAC[0]&1 != 0 {
		t.Errorf("MAC address %s was let in, want a unicast one", e.MAC)
	}
	wantName(t, "interface name", e.InterfaceName)
	if prefix, numbered := strings.CutSuffix(string(e.InterfaceName), "0"); e.InterfaceName != "" && (!numbered || prefix == "") {
		t.Errorf("interface name %q was let in, want one that the engine can give", e.InterfaceName)
	}
	wantPorts(t, e.OpenPorts)
}

func wantPoolRequest(t *testing.T, r ipam.PoolRequest) {
	t.Helper()
	if r.Space != ipam.LocalAddressSpace && r.Space != ipam.GlobalAddressSpace {
		t.Errorf("address space %q was let in", r.Space)
	}
	if !r.Subnet.IsValid() {
		if r.Range.IsValid() {
			t.Errorf("range %s was let in without a subnet", r.Range)
		}
		return
	}
	wantSubnet(t, "subnet", r.Subnet, r.IPv6)
	if r.Range.IsValid() {
		wantSubnet(t, "range", r.Range, r.IPv6)
		if r.Range.Bits() < r.Subnet.Bits() || !r.Subnet.Contains(r.Range.Addr()) {
			t.Errorf("range %s was let in, want one inside of %s", r.Range, r.Subnet)
		}
	}
}
