package protocol

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"testing"

	"mybridge/driver"
	"mybridge/internal/link"
	"mybridge/internal/server"
	"mybridge/ipam"
)

// answered feeds the body to each of the calls as an engine would, and calls
// check with those that got through. All that is answered must be JSON.
func answered(t *testing.T, calls func(*Services) []server.Call, body []byte, check func(method string, e *engine)) {
	t.Helper()
	e := &engine{}
	for _, call := range calls(&Services{Networks: e, Addresses: e}) {
		*e = engine{}
		answer, err := call.Do(t.Context(), body)
		switch {
		case err != nil && err.Error() == "":
			t.Errorf("%s: got an error that says nothing", call.Name)
		case err != nil && e.calls > 0:
			if call.Name != "NetworkDriver.EndpointOperInfo" && call.Name != "NetworkDriver.ProgramExternalConnectivity" { // unknown endpoint
				t.Errorf("%s: got error %v, and the call got through", call.Name, err)
			}
		case err == nil:
			if _, err := json.Marshal(answer); err != nil {
				t.Errorf("%s: the answer %+v is not JSON: %v", call.Name, answer, err)
			}
			check(call.Name, e)
		}
	}
}

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
	if n.BridgeName != "" && (!fuzzedName.MatchString(string(n.BridgeName)) || n.BridgeName == "all" || n.BridgeName == "default") {
		t.Errorf("bridge name %q was let in", n.BridgeName)
	}
	if n.MTU != 0 && (n.MTU < 68 || n.MTU > 65535) {
		t.Errorf("MTU %d was let in", n.MTU)
	}
	for ipv6, subnet := range map[bool]driver.Subnet{false: n.IPv4, true: n.IPv6} {
		switch {
		case subnet.Pool.IsValid():
			wantSubnet(t, "subnet", subnet.Pool, ipv6)
			wantAddress(t, "gateway", subnet.Gateway, ipv6)
		case subnet != driver.Subnet{}:
			t.Errorf("%+v was let in, want none without a pool", subnet)
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
}

func FuzzNetworkRequest(f *testing.F) {
	const ids = `"NetworkID":"n1","EndpointID":"e1"`
	const generic = `{"NetworkID":"n1","Options":{"com.docker.network.generic":{`
	for _, body := range []string{
		"", "null", "[]", "{}{}", `{"NetworkID":7}`, `{"networkid":"n1","NETWORKID":"../x"}`,
		`{"NetworkID":"n1","Options":{"com.docker.network.enable_ipv6":true,"com.docker.network.internal":"true"},` +
			`"IPv4Data":[{"AddressSpace":"mybridge-local","Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24","AuxAddresses":{"a":"10.0.0.9/24"}}],"IPv6Data":[{"Pool":"fd00::/64","Gateway":"fd00::1/64"}]}`,
		generic + `"com.docker.network.bridge.name":"br0","com.docker.network.driver.mtu":"1400","com.docker.network.bridge.enable_ip_masquerade":"false"}}}`,
		generic + `"com.docker.network.bridge.name":"all"}}}`, generic + `"com.docker.network.bridge.name":"br\n0"}}}`,
		generic + `"com.docker.network.driver.mtu":"67"}}}`, generic + `"com.docker.network.driver.mtu":"-0"}}}`, generic + `"foo":"bar"}}}`,
		`{"NetworkID":"n1","IPv4Data":[{"Pool":"0.0.0.0/0"}]}`, `{"NetworkID":"n1","IPv4Data":[{"Pool":"0.0.0.0/0","Gateway":"10.0.0.1/24"}]}`,
		`{"NetworkID":"n1","IPv4Data":[null]}`, `{"NetworkID":"n1","IPv4Data":[{"Pool":"10.0.0.0/24"},{"Pool":"10.1.0.0/24"}]}`,
		`{"NetworkID":"n1","IPv4Data":[{"Pool":"fd00::/64","Gateway":"fd00::1/64"}]}`, `{"NetworkID":"n1","IPv6Data":[{"Pool":"::ffff:10.0.0.0/104"}]}`,
		`{` + ids + `,"Interface":{"Address":"10.0.0.2/24","AddressIPv6":"fd00::2/64","MacAddress":"02:42:ac:11:00:02"},"Options":{"com.docker.network.endpoint.macaddress":"AkKsEQAC"}}`,
		`{` + ids + `,"Interface":{"Address":"fd00::2/64"}}`, `{` + ids + `,"Interface":{"MacAddress":"03:42:ac:11:00:02"}}`, `{` + ids + `,"Interface":{"MacAddress":"00-00-00-00-00-00"}}`,
		`{` + ids + `,"SandboxKey":"/var/run/docker/netns/1","Options":{"com.docker.network.portmap":[{"Proto":6,"Port":80,"HostPort":8080}]}}`,
		`{"NetworkID":"n1","EndpointID":"unknown"}`, `{"NetworkID":"n1","EndpointID":"a b"}`,
		`{"DiscoveryType":1,"DiscoveryData":{}}`, `{"Options":{"com.docker.network.generic":[]}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answered(t, networkCalls, body, func(method string, e *engine) {
			switch method {
			case "NetworkDriver.CreateNetwork":
				wantNetwork(t, e.network)
			case "NetworkDriver.CreateEndpoint":
				wantEndpoint(t, e.endpoint)
			}
		})
	})
}

func FuzzAddressRequest(f *testing.F) {
	const pool = `{"AddressSpace":"mybridge-local","Pool":`
	const options = `{"PoolID":"mybridge-local/10.0.0.0/24","Address":"","Options":{`
	for _, body := range []string{
		"", "null", "{} x", `{"PoolID":7}`, `{"AddressSpace":"elsewhere"}`,
		pool + `"","SubPool":"","Options":null,"V6":false}`, pool + `"","V6":true}`, pool + `"10.0.0.0/16","SubPool":"10.0.4.0/24"}`,
		pool + `"fd00::/64","SubPool":"fd00::/80","V6":true}`, pool + `"10.0.0.0/24","V6":true}`, pool + `"10.0.0.0/24","SubPool":"10.0.0.0/16"}`,
		pool + `"10.0.0.0/24","SubPool":"fd00::/64"}`, pool + `"","SubPool":"10.0.0.0/16"}`, pool + `"10.0.0.0/7"}`, pool + `"::ffff:10.0.0.0/120","V6":true}`,
		pool + `"224.0.0.0/24"}`, pool + `"10.0.0.0/24","Options":{"foo":"bar"}}`, pool + `"0.0.0.0/8"}`, pool + `"255.255.255.255/32"}`,
		options + `"RequestAddressType":"com.docker.network.gateway"}}`, options + `"RequestAddressType":"x"}}`, options + `"foo":"bar"}}`,
		options + `"com.docker.network.endpoint.name":"web","com.docker.network.endpoint.macaddress":"02:42:ac:11:00:02","com.docker.network.ipam.serial":"true"}}`,
		`{"PoolID":"p","Address":"10.0.0.2"}`, `{"PoolID":"p","Address":"fd00::2"}`, `{"PoolID":"p","Address":"fe80::1%eth0"}`, `{"PoolID":"p","Address":"::ffff:10.0.0.2"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answered(t, addressCalls, body, func(method string, e *engine) {
			switch method {
			case "IpamDriver.RequestPool":
				wantPoolRequest(t, e.poolRequest)
			case "IpamDriver.RequestAddress":
				if len(e.address.Name) > ipam.MaxName {
					t.Errorf("a name of %d bytes was let in, want at most %d", len(e.address.Name), ipam.MaxName)
				}
				if a := e.address.Address; a.IsValid() && (a.Zone() != "" || a.Is4In6()) {
					t.Errorf("address %s was let in", a)
				}
			case "IpamDriver.ReleaseAddress":
				if a := e.released; !a.IsValid() || a.Zone() != "" || a.Is4In6() {
					t.Errorf("release of address %s was let in", a)
				}
			}
		})
	})
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
