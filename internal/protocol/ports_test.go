package protocol

import (
	"net/http"
	"net/netip"
	"reflect"
	"testing"

	"mybridge/driver"
	"mybridge/internal/hostport"
)

// publications are port mappings as engines send them for docker run -p, and what
// the driver is to publish.
var publications = map[string]struct {
	options string
	want    driver.Publication
}{
	"nothing":    {``, driver.Publication{}},
	"null":       {`"com.docker.network.portmap":null`, driver.Publication{}},
	"empty list": {`"com.docker.network.portmap":[],"com.docker.network.endpoint.exposedports":[{"Proto":6,"Port":80}]`, driver.Publication{}},
	"-p 80": {`"com.docker.network.portmap":[{"Proto":6,"IP":"","Port":80,"HostIP":"","HostPort":0,"HostPortEnd":0}]`,
		driver.Publication{Ports: []driver.PortRequest{{Protocol: hostport.TCP, Container: 80}}}},
	"-p 8080:80, one host port without an end": {`"com.docker.network.portmap":[{"Proto":6,"Port":80,"HostPort":8080}]`,
		driver.Publication{Ports: []driver.PortRequest{{Protocol: hostport.TCP, Container: 80, First: 8080, Last: 8080}}}},
	"-p 65535:53/udp": {`"com.docker.network.portmap":[{"Proto":17,"Port":53,"HostPort":65535,"HostPortEnd":65535}]`,
		driver.Publication{Ports: []driver.PortRequest{{Protocol: hostport.UDP, Container: 53, First: 65535, Last: 65535}}}},
	"-p 8000-8010:80/sctp": {`"com.docker.network.portmap":[{"Proto":132,"Port":80,"HostPort":8000,"HostPortEnd":8010}]`,
		driver.Publication{Ports: []driver.PortRequest{{Protocol: hostport.SCTP, Container: 80, First: 8000, Last: 8010}}}},
	"host addresses": {`"com.docker.network.portmap":[
		{"Proto":6,"Port":80,"HostIP":"0.0.0.0","HostPort":1,"HostPortEnd":1},{"Proto":6,"Port":80,"HostIP":"::","HostPort":1,"HostPortEnd":1},
		{"Proto":17,"Port":53,"HostIP":"127.0.0.1"},{"Proto":6,"Port":80,"HostIP":"2001:db8::7"},{"Proto":6,"Port":80,"HostIP":"::ffff:192.0.2.7"}]`,
		driver.Publication{Ports: []driver.PortRequest{
			{Protocol: hostport.TCP, Container: 80, Host: netip.IPv4Unspecified(), First: 1, Last: 1},
			{Protocol: hostport.TCP, Container: 80, Host: netip.IPv6Unspecified(), First: 1, Last: 1},
			{Protocol: hostport.UDP, Container: 53, Host: netip.MustParseAddr("127.0.0.1")},
			{Protocol: hostport.TCP, Container: 80, Host: netip.MustParseAddr("2001:db8::7")},
			{Protocol: hostport.TCP, Container: 80, Host: netip.MustParseAddr("192.0.2.7")},
		}}},
	"another endpoint has IPv6": {`"com.docker.network.portmap":[{"Proto":6,"Port":80}],"com.docker.network.driver.private.no_proxy_6to4":true`,
		driver.Publication{Ports: []driver.PortRequest{{Protocol: hostport.TCP, Container: 80}}, NoIPv6ToIPv4: true}},
}

// TestPublications wants the port mappings to reach the driver twice: as open
// ports with the endpoint, and to be published when the engine says so.
func TestPublications(t *testing.T) {
	for name, test := range publications {
		t.Run(name, func(t *testing.T) {
			e := start(t)
			body := `{"NetworkID":"n1","EndpointID":"e1","Options":{` + test.options + `}}`
			for _, method := range []string{"NetworkDriver.CreateEndpoint", "NetworkDriver.ProgramExternalConnectivity"} {
				if status, answer := e.call(t, method, body); status != http.StatusOK {
					t.Errorf("%s: got %d %v", method, status, answer)
				}
			}
			if !reflect.DeepEqual(e.endpoint.OpenPorts, test.want.Ports) {
				t.Errorf("the endpoint's open ports are %+v, want %+v", e.endpoint.OpenPorts, test.want.Ports)
			}
			if !reflect.DeepEqual(e.published, test.want) {
				t.Errorf("published is %+v, want %+v", e.published, test.want)
			}
		})
	}
}

// TestUnpublish wants the ports taken back with either call: an engine may leave
// out one of them.
func TestUnpublish(t *testing.T) {
	for _, method := range []string{"NetworkDriver.RevokeExternalConnectivity", "NetworkDriver.Leave"} {
		e := start(t)
		if status, answer := e.call(t, method, `{"NetworkID":"n1","EndpointID":"e1"}`); status != http.StatusOK || e.unpublished != "e1" {
			t.Errorf("%s: got %d %v, ports taken back from %q, want e1", method, status, answer, e.unpublished)
		}
	}
}

func TestInterfaceName(t *testing.T) {
	e := start(t)
	status, answer := e.call(t, "NetworkDriver.CreateEndpoint", `{"NetworkID":"n1","EndpointID":"e1","Options":{"com.docker.network.endpoint.ifname":"lan-10"}}`)
	if status != http.StatusOK || e.endpoint.InterfaceName != "lan-10" {
		t.Errorf("got %d %v, interface name %q, want lan-10", status, answer, e.endpoint.InterfaceName)
	}
	// The engine sends the option again.
	if status, answer := e.call(t, "NetworkDriver.Join", `{"NetworkID":"n1","EndpointID":"e1","Options":{"com.docker.network.endpoint.ifname":"lan-10"}}`); status != http.StatusOK {
		t.Errorf("Join: got %d %v", status, answer)
	}
}
