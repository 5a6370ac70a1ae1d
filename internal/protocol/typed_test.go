package protocol

import (
	"net/http"
	"net/netip"
	"reflect"
	"testing"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/ipam"
)

// TestTypedValues wants what the user typed to reach the driver and the manager
// as typed values.
func TestTypedValues(t *testing.T) {
	e := start(t)
	status, answer := e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n1","Options":{
		"com.docker.network.enable_ipv6":true,"com.docker.network.internal":true,
		"com.docker.network.generic":{"com.docker.network.bridge.name":"br0","com.docker.network.driver.mtu":"1400","com.docker.network.bridge.enable_ip_masquerade":"false"}},
		"IPv4Data":[{"AddressSpace":"mybridge-local","Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24"}],"IPv6Data":[{"Pool":"fd00::/64","Gateway":"fd00::1/64"}]}`)
	want := driver.NetworkConfig{
		ID: "n1", BridgeName: "br0", MTU: 1400, Internal: true,
		IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.0.0.0/24"), Gateway: netip.MustParsePrefix("10.0.0.1/24"), Managed: true},
		IPv6: driver.Subnet{Pool: netip.MustParsePrefix("fd00::/64"), Gateway: netip.MustParsePrefix("fd00::1/64")},
	}
	if status != http.StatusOK || !reflect.DeepEqual(e.network, want) {
		t.Errorf("got %d %v, network %+v, want %+v", status, answer, e.network, want)
	}
	e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n2","IPv4Data":[{"Pool":"0.0.0.0/0"}]}`)
	if want := (driver.NetworkConfig{ID: "n2", Masquerade: true}); !reflect.DeepEqual(e.network, want) {
		t.Errorf("with the null address manager the network is %+v, want %+v", e.network, want)
	}
	e.call(t, "IpamDriver.RequestPool", `{"AddressSpace":"mybridge-local","Pool":"10.0.0.0/16","SubPool":"10.0.4.0/24"}`)
	wantPool := ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix("10.0.0.0/16"), Range: netip.MustParsePrefix("10.0.4.0/24")}
	if e.poolRequest != wantPool {
		t.Errorf("pool request is %+v, want %+v", e.poolRequest, wantPool)
	}
	e.call(t, "IpamDriver.RequestAddress", `{"PoolID":"p","Address":"10.0.0.1","Options":{"RequestAddressType":"com.docker.network.gateway"}}`)
	if want := (ipam.AddressRequest{Pool: "p", Address: netip.MustParseAddr("10.0.0.1"), Gateway: true}); e.address != want {
		t.Errorf("address request is %+v, want %+v", e.address, want)
	}
}

// TestNetworkOptions wants each option of docker network create to set its part
// of the network and nothing else.
func TestNetworkOptions(t *testing.T) {
	for options, set := range map[string]func(*driver.NetworkConfig){
		``: func(*driver.NetworkConfig) {},
		`"com.docker.network.bridge.enable_icc":"false"`:                   func(c *driver.NetworkConfig) { c.NoICC = true },
		`"com.docker.network.bridge.enable_icc":"true"`:                    func(*driver.NetworkConfig) {},
		`"mybridge.antispoof":"false"`:                                     func(c *driver.NetworkConfig) { c.AllowSpoofing = true },
		`"mybridge.antispoof":"1"`:                                         func(*driver.NetworkConfig) {},
		`"com.docker.network.bridge.inhibit_ipv4":"true"`:                  func(c *driver.NetworkConfig) { c.InhibitIPv4 = true },
		`"com.docker.network.bridge.gateway_mode_ipv4":"routed"`:           func(c *driver.NetworkConfig) { c.IPv4.Mode = firewall.Routed },
		`"com.docker.network.bridge.gateway_mode_ipv4":"nat"`:              func(c *driver.NetworkConfig) { c.IPv4.Mode = firewall.NAT },
		`"com.docker.network.bridge.gateway_mode_ipv6":"isolated"`:         func(c *driver.NetworkConfig) { c.IPv6.Mode = firewall.Isolated },
		`"com.docker.network.bridge.gateway_mode_ipv6":"nat-unprotected"`:  func(c *driver.NetworkConfig) { c.IPv6.Mode = firewall.NATUnprotected },
		`"com.docker.network.host_ipv4":"198.51.100.7"`:                    func(c *driver.NetworkConfig) { c.IPv4.Source = netip.MustParseAddr("198.51.100.7") },
		`"com.docker.network.host_ipv6":"2001:db8::7"`:                     func(c *driver.NetworkConfig) { c.IPv6.Source = netip.MustParseAddr("2001:db8::7") },
		`"com.docker.network.bridge.host_binding_ipv4":"127.0.0.1"`:        func(c *driver.NetworkConfig) { c.HostBinding = netip.MustParseAddr("127.0.0.1") },
		`"com.docker.network.bridge.host_binding_ipv4":"::ffff:192.0.2.7"`: func(c *driver.NetworkConfig) { c.HostBinding = netip.MustParseAddr("192.0.2.7") },
		`"com.docker.network.container_iface_prefix":"lan"`:                func(c *driver.NetworkConfig) { c.InterfacePrefix = "lan" },
		`"com.docker.network.bridge.trusted_host_interfaces":"vxlan.1:eth3:"`: func(c *driver.NetworkConfig) {
			c.TrustedInterfaces = []link.Name{"vxlan.1", "eth3"}
		},
	} {
		e := start(t)
		want := driver.NetworkConfig{
			ID: "n1", Masquerade: true,
			IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.0.0.0/24"), Gateway: netip.MustParsePrefix("10.0.0.1/24")},
			IPv6: driver.Subnet{Pool: netip.MustParsePrefix("fd00::/64")},
		}
		set(&want)
		status, answer := e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n1","Options":{"com.docker.network.generic":{`+options+`}},
			"IPv4Data":[{"Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24"}],"IPv6Data":[{"Pool":"fd00::/64"}]}`)
		if status != http.StatusOK || !reflect.DeepEqual(e.network, want) {
			t.Errorf("%s: got %d %v, network\n%+v, want\n%+v", options, status, answer, e.network, want)
		}
	}
}

// TestGatewayCheck wants no gateway address taken where the bridge gets none.
func TestGatewayCheck(t *testing.T) {
	const mode = `"com.docker.network.bridge.gateway_mode_`
	const inhibit = `"com.docker.network.bridge.inhibit_ipv4":"true"`
	for _, test := range []struct {
		internal, generic  string
		skipIPv4, skipIPv6 bool
	}{
		{"true", ``, false, false},
		{"false", mode + `ipv4":"routed",` + mode + `ipv6":"routed"`, false, false},
		{"false", mode + `ipv4":"isolated"`, true, false},
		{"false", mode + `ipv6":"isolated"`, false, true},
		{"false", inhibit, false, false},
		{"true", inhibit, true, false},
	} {
		status, answer := start(t).call(t, "NetworkDriver.GwAllocCheck", `{"Options":{"com.docker.network.internal":`+test.internal+`,"com.docker.network.generic":{`+test.generic+`}}}`)
		if want := map[string]any{"SkipIPv4": test.skipIPv4, "SkipIPv6": test.skipIPv6}; status != http.StatusOK || !reflect.DeepEqual(answer, want) {
			t.Errorf("internal %s, %s: got %d %v, want 200 %v", test.internal, test.generic, status, answer, want)
		}
	}
}
