package protocol

import (
	"net/http"
	"reflect"
	"testing"
)

// TestAnswers calls every method as an engine does and compares the whole answer.
func TestAnswers(t *testing.T) {
	const ids = `"NetworkID":"n1","EndpointID":"e1"`
	const ports = `"com.docker.network.portmap":[{"Proto":6,"IP":"","Port":80,"HostIP":"","HostPort":8080,"HostPortEnd":8080}],"com.docker.network.endpoint.exposedports":[{"Proto":6,"Port":80}]`
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
		{"NetworkDriver.Join", `{` + ids + `,"SandboxKey":"/var/run/docker/netns/1","Options":{` + ports + `}}`, object{"InterfaceName": object{"SrcName": "mbp1", "DstPrefix": "lan", "DstName": "lan0"}, "Gateway": "10.0.0.1", "GatewayIPv6": "", "StaticRoutes": nil, "DisableGatewayService": false}},
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
