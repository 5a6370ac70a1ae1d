package protocol

import (
	"net/http"
	"net/netip"
	"reflect"
	"testing"

	"mybridge/driver"
	"mybridge/ipam"
)

// TestAnswers calls every method as an engine does and compares the whole answer.
func TestAnswers(t *testing.T) {
	const ids = `"NetworkID":"n1","EndpointID":"e1"`
	const ports = `"com.docker.network.portmap":[],"com.docker.network.endpoint.exposedports":[{"Proto":6,"Port":80}]`
	type object = map[string]any
	for _, test := range []struct {
		method, body string
		want         object
	}{
		{"Plugin.Activate", ``, object{"Implements": []any{"NetworkDriver", "IpamDriver"}}},
		{"NetworkDriver.GetCapabilities", ``, object{"Scope": "local", "ConnectivityScope": "local", "GwAllocChecker": true}},
		{"NetworkDriver.GwAllocCheck", `{"Options":{"com.docker.network.enable_ipv6":false,"com.docker.network.generic":{}}}`, object{"SkipIPv4": false, "SkipIPv6": false}},
		{"NetworkDriver.AllocateNetwork", `{"NetworkID":"n1","Options":{"a":"b"}}`, object{"Options": object{"a": "b"}}},
		{"NetworkDriver.FreeNetwork", `{"NetworkID":"n1"}`, object{}},
		{"NetworkDriver.CreateNetwork", `{"NetworkID":"n1","Options":{"com.docker.network.generic":null},"IPv4Data":[{"AddressSpace":"x","Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24","AuxAddresses":{"a":"10.0.0.9/24"}}],"IPv6Data":[]}`, object{}},
		{"NetworkDriver.CreateEndpoint", `{` + ids + `,"Interface":{"Address":"10.0.0.2/24","AddressIPv6":"","MacAddress":""},"Options":{` + ports + `}}`, object{"Interface": object{"Address": "", "AddressIPv6": "", "MacAddress": "02:00:00:00:00:07"}}},
		{"NetworkDriver.CreateEndpoint", `{` + ids + `,"Interface":{"Address":"10.0.0.2/24","MacAddress":"02:42:ac:11:00:02"},"Options":{"com.docker.network.endpoint.macaddress":"AkKsEQAC"}}`, object{"Interface": object{"Address": "", "AddressIPv6": "", "MacAddress": ""}}},
		{"NetworkDriver.EndpointOperInfo", `{` + ids + `}`, object{"Value": object{}}},
		{"NetworkDriver.Join", `{` + ids + `,"SandboxKey":"/var/run/docker/netns/1","Options":{` + ports + `}}`, object{"InterfaceName": object{"SrcName": "mbp1", "DstPrefix": "eth"}, "Gateway": "10.0.0.1", "GatewayIPv6": "", "StaticRoutes": nil, "DisableGatewayService": false}},
		{"NetworkDriver.ProgramExternalConnectivity", `{` + ids + `,"Options":{` + ports + `,"com.docker.network.driver.private.no_proxy_6to4":true}}`, object{}},
		{"NetworkDriver.RevokeExternalConnectivity", `{` + ids + `}`, object{}},
		{"NetworkDriver.Leave", `{` + ids + `}`, object{}},
		{"NetworkDriver.DeleteEndpoint", `{` + ids + `}`, object{}},
		{"NetworkDriver.DeleteNetwork", `{"NetworkID":"n1"}`, object{}},
		{"NetworkDriver.DiscoverNew", `{"DiscoveryType":1,"DiscoveryData":{}}`, object{}},
		{"NetworkDriver.DiscoverDelete", `{"DiscoveryType":1,"DiscoveryData":{}}`, object{}},
		{"IpamDriver.GetCapabilities", ``, object{"RequiresMACAddress": false, "RequiresRequestReplay": false}},
		{"IpamDriver.GetDefaultAddressSpaces", ``, object{"LocalDefaultAddressSpace": "mybridge-local", "GlobalDefaultAddressSpace": "mybridge-global"}},
		{"IpamDriver.RequestPool", `{"AddressSpace":"mybridge-local","Pool":"","SubPool":"","Options":null,"V6":false}`, object{"PoolID": "mybridge-local/10.96.0.0/24", "Pool": "10.96.0.0/24", "Data": object{}}},
		{"IpamDriver.RequestAddress", `{"PoolID":"p","Address":"","Options":{"com.docker.network.endpoint.name":"web"}}`, object{"Address": "10.0.0.2/24", "Data": object{}}},
		{"IpamDriver.ReleaseAddress", `{"PoolID":"p","Address":"10.0.0.2"}`, object{}},
		{"IpamDriver.ReleasePool", `{"PoolID":"p"}`, object{}},
	} {
		t.Run(test.method, func(t *testing.T) {
			status, got := start(t).call(t, test.method, test.body)
			if status != http.StatusOK || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %d %v, want 200 %v", status, got, test.want)
			}
		})
	}
}

// TestTypedValues wants what the user typed to reach the driver as typed values.
func TestTypedValues(t *testing.T) {
	e := start(t)
	status, answer := e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n1","Options":{
		"com.docker.network.enable_ipv6":true,"com.docker.network.internal":true,
		"com.docker.network.generic":{"com.docker.network.bridge.name":"br0","com.docker.network.driver.mtu":"1400","com.docker.network.bridge.enable_ip_masquerade":"false"}},
		"IPv4Data":[{"Pool":"10.0.0.0/24","Gateway":"10.0.0.1/24"}],"IPv6Data":[{"Pool":"fd00::/64","Gateway":"fd00::1/64"}]}`)
	want := driver.NetworkConfig{
		ID: "n1", BridgeName: "br0", MTU: 1400, Internal: true,
		IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.0.0.0/24"), Gateway: netip.MustParsePrefix("10.0.0.1/24")},
		IPv6: driver.Subnet{Pool: netip.MustParsePrefix("fd00::/64"), Gateway: netip.MustParsePrefix("fd00::1/64")},
	}
	if status != http.StatusOK || e.network != want {
		t.Errorf("got %d %v, network %+v, want %+v", status, answer, e.network, want)
	}
	e.call(t, "NetworkDriver.CreateNetwork", `{"NetworkID":"n2","IPv4Data":[{"Pool":"0.0.0.0/0"}]}`)
	if want := (driver.NetworkConfig{ID: "n2", Masquerade: true}); e.network != want {
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
