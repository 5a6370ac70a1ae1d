package protocol

import (
	"encoding/json"
	"testing"

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
		generic + `"com.docker.network.bridge.enable_icc":"false","com.docker.network.bridge.inhibit_ipv4":"1","mybridge.antispoof":"f","com.docker.network.bridge.host_binding_ipv4":"::ffff:192.0.2.7"}}}`,
		generic + `"com.docker.network.bridge.gateway_mode_ipv4":"routed","com.docker.network.bridge.gateway_mode_ipv6":"isolated","com.docker.network.host_ipv4":"198.51.100.7","com.docker.network.host_ipv6":"2001:db8::7"}}}`,
		generic + `"com.docker.network.bridge.trusted_host_interfaces":"eth0::all","com.docker.network.container_iface_prefix":"lan"}}}`,
		`{"NetworkID":"n1","IPv4Data":[{"Pool":"0.0.0.0/0"}]}`, `{"NetworkID":"n1","IPv4Data":[{"Pool":"0.0.0.0/0","Gateway":"10.0.0.1/24"}]}`,
		`{"NetworkID":"n1","IPv4Data":[null]}`, `{"NetworkID":"n1","IPv4Data":[{"Pool":"10.0.0.0/24"},{"Pool":"10.1.0.0/24"}]}`,
		`{"NetworkID":"n1","IPv4Data":[{"Pool":"fd00::/64","Gateway":"fd00::1/64"}]}`, `{"NetworkID":"n1","IPv6Data":[{"Pool":"::ffff:10.0.0.0/104"}]}`,
		`{` + ids + `,"Interface":{"Address":"10.0.0.2/24","AddressIPv6":"fd00::2/64","MacAddress":"02:42:ac:11:00:02"},"Options":{"com.docker.network.endpoint.macaddress":"AkKsEQAC"}}`,
		`{` + ids + `,"Interface":{"Address":"fd00::2/64"}}`, `{` + ids + `,"Interface":{"MacAddress":"03:42:ac:11:00:02"}}`, `{` + ids + `,"Interface":{"MacAddress":"00-00-00-00-00-00"}}`,
		`{` + ids + `,"SandboxKey":"/var/run/docker/netns/1","Options":{"com.docker.network.portmap":[{"Proto":6,"Port":80,"HostPort":8080}]}}`,
		`{` + ids + `,"Options":{"com.docker.network.endpoint.ifname":"lan0","com.docker.network.driver.private.no_proxy_6to4":true}}`,
		`{` + ids + `,"Options":{"com.docker.network.portmap":[{"Proto":17,"Port":53,"HostIP":"::ffff:192.0.2.7","HostPort":8000,"HostPortEnd":8010},{"Proto":132,"Port":1,"HostIP":"::"}]}}`,
		`{` + ids + `,"Options":{"com.docker.network.portmap":[null,{"Proto":6,"Port":80,"HostIP":"ff02::1%eth0"}]}}`, `{` + ids + `,"Options":{"com.docker.network.portmap":{}}}`,
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
			case "NetworkDriver.ProgramExternalConnectivity":
				wantPorts(t, e.published.Ports)
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
