package protocol

import (
	"net/http"
	"strings"
	"testing"
)

// TestRefusals sends what must not pass, and wants an error that names the
// cause in both forms, and nothing to reach the driver or the manager.
func TestRefusals(t *testing.T) {
	network := func(options string) string {
		return `{"NetworkID":"n1","Options":{"com.docker.network.generic":{` + options + `}},"IPv4Data":[{"Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24"}]}`
	}
	data := func(data string) string { return `{"NetworkID":"n1","IPv4Data":[` + data + `]}` }
	endpoint := func(rest string) string { return `{"NetworkID":"n1","EndpointID":"e1",` + rest + `}` }
	pool := func(pool, rest string) string {
		return `{"AddressSpace":"mybridge-local","Pool":"` + pool + `"` + rest + `}`
	}
	ports := func(list string) string { return endpoint(`"Options":{"com.docker.network.portmap":` + list + `}`) }
	name := func(value string) string {
		return endpoint(`"Options":{"com.docker.network.endpoint.ifname":` + value + `}`)
	}
	const unknown = `{"NetworkID":"n1","EndpointID":"unknown"}`
	const (
		bridgeOption    = `"com.docker.network.bridge.`
		bridge          = bridgeOption + `name":`
		masquerade      = bridgeOption + `enable_ip_masquerade":`
		mtu             = `"com.docker.network.driver.mtu":`
		hostIPv4        = `"com.docker.network.host_ipv4":`
		hostIPv6        = `"com.docker.network.host_ipv6":`
		interfacePrefix = `"com.docker.network.container_iface_prefix":`
	)
	for _, test := range []struct{ method, body, want string }{
		{"CreateNetwork", network(`"foo":"bar"`), `"foo"`},
		{"CreateNetwork", network(`"com.docker.network.bridge.nam":"br0"`), "bridge.nam"},
		{"CreateNetwork", network(bridge + `"a b"`), `"a b"`},
		{"CreateNetwork", network(bridge + `"a/b"`), `"a/b"`},
		{"CreateNetwork", network(bridge + `"abcdefghijklmnop"`), "1 to 15"},
		{"CreateNetwork", network(bridge + `"-br"`), `"-br"`},
		{"CreateNetwork", network(bridge + `""`), "bridge.name"},
		{"CreateNetwork", network(bridge + `"br+"`), `"br+"`},
		{"CreateNetwork", network(bridge + `".."`), `".."`},
		{"CreateNetwork", network(bridge + `"all"`), `"all"`},
		{"CreateNetwork", network(bridge + `"br\n0"`), `"br\n0"`},
		{"CreateNetwork", network(bridge + `7`), "bridge.name"},
		{"CreateNetwork", network(mtu + `"67"`), "68 to 65535"},
		{"CreateNetwork", network(mtu + `"65536"`), "68 to 65535"},
		{"CreateNetwork", network(mtu + `"-1"`), "mtu"},
		{"CreateNetwork", network(mtu + `"1e3"`), "1e3"},
		{"CreateNetwork", network(mtu + `""`), "mtu"},
		{"CreateNetwork", network(masquerade + `"yes"`), `"yes"`},
		{"CreateNetwork", network(bridgeOption + `enable_icc":"no"`), `enable_icc is "no": allowed is true or false`},
		{"CreateNetwork", network(bridgeOption + `enable_icc":""`), "enable_icc"},
		{"CreateNetwork", network(bridgeOption + `inhibit_ipv4":"2"`), `inhibit_ipv4 is "2"`},
		{"CreateNetwork", network(`"mybridge.antispoof":"off"`), `mybridge.antispoof is "off"`},
		{"CreateNetwork", network(`"mybridge.antispoof":false`), "mybridge.antispoof"},
		{"CreateNetwork", network(bridgeOption + `gateway_mode_ipv4":"bridge"`), `gateway_mode_ipv4 is "bridge": allowed are nat, nat-unprotected, routed and isolated`},
		{"CreateNetwork", network(bridgeOption + `gateway_mode_ipv6":"NAT"`), `gateway_mode_ipv6 is "NAT": allowed are nat, nat-unprotected, routed and isolated`},
		{"CreateNetwork", network(bridgeOption + `gateway_mode_ipv6":""`), "gateway_mode_ipv6"},
		{"CreateNetwork", network(hostIPv4 + `"2001:db8::7"`), `host_ipv4 is "2001:db8::7": allowed is an IPv4 address`},
		{"CreateNetwork", network(hostIPv4 + `"198.51.100.7/24"`), "host_ipv4"},
		{"CreateNetwork", network(hostIPv4 + `"0.0.0.0"`), "host_ipv4"},
		{"CreateNetwork", network(hostIPv4 + `"224.0.0.1"`), "host_ipv4"},
		{"CreateNetwork", network(hostIPv4 + `""`), "host_ipv4"},
		{"CreateNetwork", network(hostIPv6 + `"198.51.100.7"`), `host_ipv6 is "198.51.100.7": allowed is an IPv6 address`},
		{"CreateNetwork", network(hostIPv6 + `"::ffff:198.51.100.7"`), "host_ipv6"},
		{"CreateNetwork", network(hostIPv6 + `"fe80::7%eth0"`), "host_ipv6"},
		{"CreateNetwork", network(hostIPv6 + `"::"`), "host_ipv6"},
		{"CreateNetwork", network(bridgeOption + `host_binding_ipv4":"everywhere"`), `host_binding_ipv4 is "everywhere"`},
		{"CreateNetwork", network(bridgeOption + `host_binding_ipv4":""`), "host_binding_ipv4"},
		{"CreateNetwork", network(bridgeOption + `trusted_host_interfaces":"eth0:a b"`), `trusted_host_interfaces "a b"`},
		{"CreateNetwork", network(bridgeOption + `trusted_host_interfaces":"eth0,eth1"`), `"eth0,eth1"`},
		{"CreateNetwork", network(interfacePrefix + `""`), "container_iface_prefix"},
		{"CreateNetwork", network(interfacePrefix + `"a/b"`), `"a/b"`},
		{"CreateNetwork", `{"NetworkID":"n1","Options":{"foo":true}}`, `"foo"`},
		{"CreateNetwork", `{"NetworkID":"n1","Options":{"com.docker.network.internal":"perhaps"}}`, "internal"},
		{"CreateNetwork", `{"NetworkID":"n1","Options":{"com.docker.network.generic":[]}}`, "generic"},
		{"CreateNetwork", `{"NetworkID":"../x"}`, "NetworkID"},
		{"CreateNetwork", data(`{"Pool":"10.0.0.0/33","Gateway":"10.0.0.1/24"}`), "10.0.0.0/33"},
		{"CreateNetwork", data(`{"Pool":"10.0.0.5/24","Gateway":"10.0.0.1/24"}`), "host bits"},
		{"CreateNetwork", data(`{"Pool":"10.0.0.0/24","Gateway":"10.0.0.1"}`), "Gateway"},
		{"CreateNetwork", data(`{"Pool":"fd00::/64","Gateway":"fd00::1/64"}`), "family"},
		{"CreateNetwork", data(`{"Pool":"0.0.0.0/0","Gateway":"10.0.0.1/24"}`), "too wide"},
		{"CreateNetwork", data(`{"Pool":"10.0.0.0/24"},{"Pool":"10.1.0.0/24"}`), "2 subnets"},
		{"CreateNetwork", data(`null`), "empty entry"},
		{"GwAllocCheck", `{"Options":{"com.docker.network.generic":{"foo":"bar"}}}`, `"foo"`},
		{"GwAllocCheck", `{"Options":{"com.docker.network.generic":{"com.docker.network.bridge.gateway_mode_ipv4":"x"}}}`, "gateway_mode_ipv4"},
		{"CreateEndpoint", endpoint(`"Interface":{"Address":"10.0.0.2"}`), "Interface.Address"},
		{"CreateEndpoint", endpoint(`"Interface":{"Address":"fd00::2/64"}`), "IPv4"},
		{"CreateEndpoint", endpoint(`"Interface":{"AddressIPv6":"10.0.0.2/24"}`), "IPv6"},
		{"CreateEndpoint", endpoint(`"Interface":{"MacAddress":"02:42"}`), "MacAddress"},
		{"CreateEndpoint", endpoint(`"Interface":{"MacAddress":"03:42:ac:11:00:02"}`), "unicast"},
		{"CreateEndpoint", endpoint(`"Interface":{"MacAddress":"00:00:00:00:00:00"}`), "unicast"},
		{"CreateEndpoint", endpoint(`"Options":{"foo":"bar"}`), `"foo"`},
		{"CreateEndpoint", ports(`[{"Proto":6,"Port":0,"HostPort":8080}]`), "Port is 0"},
		{"CreateEndpoint", name(`"foobar"`), `ifname is "foobar": allowed is a name that ends in 0`},
		{"CreateEndpoint", name(`"0"`), "ifname"},
		{"CreateEndpoint", name(`""`), "ifname"},
		{"CreateEndpoint", name(`10`), "ifname"},
		{"CreateEndpoint", name(`null`), "ifname"},
		{"CreateEndpoint", name(`"a b0"`), `"a b0"`},
		{"CreateEndpoint", name(`"abcdefghijklmno0"`), "1 to 15"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":1,"Port":80}]`), "Proto 1 is not known: allowed are 6 (tcp), 17 (udp) and 132 (sctp)"},
		{"ProgramExternalConnectivity", ports(`[{"Port":80}]`), "Proto 0"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80},null]`), "Proto 0"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":262,"Port":80}]`), "262"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":65536}]`), "65536"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostPort":-1}]`), "-1"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostPort":8001,"HostPortEnd":8000}]`), "host ports 8001 to 8000"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostPort":0,"HostPortEnd":8000}]`), "host ports 0 to 8000"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":17,"Port":53,"HostIP":"x"}]`), `port 53/udp: HostIP is "x"`},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostIP":"fe80::1%eth0"}]`), "fe80"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostIP":"224.0.0.1"}]`), "multicast"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostIP":"::ffff:224.0.0.1"}]`), "multicast"},
		{"ProgramExternalConnectivity", ports(`[{"Proto":6,"Port":80,"HostIP":"ff02::1"}]`), "multicast"},
		{"ProgramExternalConnectivity", ports(`{"Proto":6,"Port":80}`), "list of port mappings"},
		{"ProgramExternalConnectivity", ports(`"80:80"`), "list of port mappings"},
		{"ProgramExternalConnectivity", endpoint(`"Options":{"com.docker.network.driver.private.no_proxy_6to4":"perhaps"}`), "no_proxy_6to4"},
		{"ProgramExternalConnectivity", endpoint(`"Options":{"foo":"bar"}`), `"foo"`},
		{"Join", endpoint(`"Options":{"foo":"bar"}`), `"foo"`},
		{"Join", endpoint(`"SandboxKey":"` + strings.Repeat("x", 256) + `"`), "SandboxKey"},
		{"EndpointOperInfo", unknown, "not known"},
		{"ProgramExternalConnectivity", unknown, "not known"},
		{"RequestPool", pool("10.0.0.0/7", ""), "/8"},
		{"RequestPool", pool("10.0.0.1/24", ""), "10.0.0.0/24"},
		{"RequestPool", pool("224.0.0.0/24", ""), "unicast"},
		{"RequestPool", pool("127.0.0.0/24", ""), "unicast"},
		{"RequestPool", pool("0.0.0.0/8", ""), "unicast"},
		{"RequestPool", pool("::ffff:10.0.0.0/120", ""), "IPv4"},
		{"RequestPool", pool("ten", ""), "CIDR"},
		{"RequestPool", pool("fd00::/64", ""), "family"},
		{"RequestPool", pool("10.0.0.0/24", `,"V6":true`), "family"},
		{"RequestPool", pool("10.0.0.0/24", `,"SubPool":"10.1.0.0/25"`), "outside"},
		{"RequestPool", pool("10.0.0.0/24", `,"SubPool":"10.0.0.0/16"`), "outside"},
		{"RequestPool", pool("", `,"SubPool":"10.0.0.0/16"`), "--subnet"},
		{"RequestPool", pool("10.0.0.0/24", `,"Options":{"foo":"bar"}`), `"foo"`},
		{"RequestPool", `{"AddressSpace":"elsewhere"}`, "elsewhere"},
		{"RequestAddress", `{"PoolID":"p","Address":"10.0.0.256"}`, "10.0.0.256"},
		{"RequestAddress", `{"PoolID":"p","Address":"::ffff:10.0.0.2"}`, "::ffff"},
		{"RequestAddress", `{"PoolID":"p","Address":"fe80::1%eth0"}`, "fe80"},
		{"RequestAddress", `{"PoolID":"p","Options":{"foo":"bar"}}`, `"foo"`},
		{"RequestAddress", `{"PoolID":"p","Options":{"RequestAddressType":"x"}}`, "RequestAddressType"},
		{"ReleaseAddress", `{"PoolID":"p"}`, "Address"},
		{"DeleteNetwork", `{"NetworkID":""}`, "NetworkID"},
		{"DeleteEndpoint", `{"NetworkID":"n1","EndpointID":"a b"}`, "EndpointID"},
		{"Leave", `{"NetworkID":"n1"}`, "EndpointID"},
		{"RevokeExternalConnectivity", `{"NetworkID":"n1"}`, "EndpointID"},
	} {
		t.Run(test.method+" "+test.body, func(t *testing.T) {
			e := start(t)
			role := "NetworkDriver."
			if strings.HasPrefix(test.method, "Request") || strings.HasPrefix(test.method, "Release") {
				role = "IpamDriver."
			}
			status, answer := e.call(t, role+test.method, test.body)
			message, _ := answer["Err"].(string)
			if status != http.StatusInternalServerError || !strings.Contains(message, test.want) || answer["Error"] != message {
				t.Errorf("got %d %v, want 500 with %q in Err and Error", status, answer, test.want)
			}
			if e.calls > 0 && test.body != unknown {
				t.Error("the call got through")
			}
		})
	}
}

// TestMalformedBodies holds for each method that takes arguments.
func TestMalformedBodies(t *testing.T) {
	e := start(t)
	calls := append(networkCalls(&Services{}), addressCalls(&Services{})...)
	for _, call := range calls {
		if !call.Arguments {
			continue
		}
		for _, body := range []string{"", " \n", "x", "{", `{"a":}`, "[]", "null", `"text"`, "7", `{}{}`, `{} x`, "\x00", `{"NetworkID":7,"PoolID":7,"DiscoveryType":"x","Options":7}`} {
			if status, answer := e.call(t, call.Name, body); status != http.StatusBadRequest || answer["Err"] == "" {
				t.Errorf("%s with body %q: got %d %v, want 400 with the cause", call.Name, body, status, answer)
			}
		}
	}
	if e.calls > 0 {
		t.Errorf("%d calls got through", e.calls)
	}
}

// TestOnlyPost holds for each method, the library's own included.
func TestOnlyPost(t *testing.T) {
	e := start(t)
	for _, path := range []string{"Plugin.Activate", "NetworkDriver.GetCapabilities", "NetworkDriver.CreateNetwork", "IpamDriver.RequestPool"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			request, err := http.NewRequest(method, "http://plugin/"+path, strings.NewReader(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			response, err := e.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: got %d, want 405", method, path, response.StatusCode)
			}
		}
	}
}
