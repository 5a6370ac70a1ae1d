package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// caller makes calls of its own beside the engine's.
type caller struct {
	*host
	http http.Client
}

func newCaller(h *host) *caller {
	c := &caller{host: h}
	c.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", h.Path("/run/docker/plugins/mybridge.sock"))
	}}
	return c
}

// call returns what is answered, and the error in it.
func (c *caller) call(method, body string) (answer, failure string) {
	c.t.Helper()
	response, err := c.http.Post("http://plugin/"+method, "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
	var problem struct{ Err, Error string }
	if err := json.Unmarshal(text, &problem); err != nil {
		c.t.Fatalf("%s: got %q, want JSON: %v", method, text, err)
	}
	return string(text), problem.Err
}

// want wants the call to succeed where the part is empty, else an error that has it.
func (c *caller) want(method, body, part string) string {
	c.t.Helper()
	answer, failure := c.call(method, body)
	if (failure == "") != (part == "") || !strings.Contains(failure, part) {
		c.t.Errorf("%s %s: got error %q, want %q", method, body, failure, part)
	}
	return answer
}

// TestCallsOutOfOrder repeats calls, makes them in another order and without their
// arguments, as after a connection that broke. What the engine made must stay, each
// error must say what is wrong, and nothing may be left.
func TestCallsOutOfOrder(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.serve("web", "n1", "-p", "8080:80")
		h.run("peer", "n1")
		before := h.whatIsThere()
		c := newCaller(h)

		network := h.MustDocker("network", "inspect", "-f", "{{.Id}}", "n1")
		endpoint := h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.EndpointID}}", "web")
		theirs := `{"NetworkID":"` + network + `","EndpointID":"` + endpoint + `"}`
		data := `"IPv4Data":[{"AddressSpace":"mybridge-local","Pool":"192.168.0.0/24","Gateway":"192.168.0.1/24"}]`
		// Of what the engine has, made again.
		c.want("NetworkDriver.CreateNetwork", `{"NetworkID":"`+network+`",`+data+`}`, "")
		c.want("NetworkDriver.CreateEndpoint", `{"NetworkID":"`+network+`","EndpointID":"`+endpoint+`","Interface":{"Address":"192.168.0.9/24"}}`, "exists already with other settings")
		c.want("NetworkDriver.EndpointOperInfo", theirs, "")
		c.want("IpamDriver.RequestAddress", `{"PoolID":"mybridge-local/192.168.0.0/24","Address":"192.168.0.2"}`, "in use")
		h.wantAnswers("8080")
		h.wantReached("peer", "web")
		h.wantAsBefore(before)

		c.lifeTwice()
		for _, method := range []string{
			"NetworkDriver.CreateNetwork", "NetworkDriver.DeleteNetwork", "NetworkDriver.CreateEndpoint", "NetworkDriver.DeleteEndpoint",
			"NetworkDriver.EndpointOperInfo", "NetworkDriver.Join", "NetworkDriver.Leave", "NetworkDriver.ProgramExternalConnectivity",
			"NetworkDriver.RevokeExternalConnectivity", "IpamDriver.RequestPool", "IpamDriver.ReleasePool", "IpamDriver.RequestAddress", "IpamDriver.ReleaseAddress",
		} {
			c.want(method, "", "empty")
		}
		h.wantAnswers("8080")
		h.wantReached("peer", "web")
		h.wantAsBefore(before)
		h.wantHealthy("in the end")
	})
}

// lifeTwice makes a network and an endpoint of its own, each call twice, some too
// early and too late.
func (c *caller) lifeTwice() {
	c.t.Helper()
	network, endpoint := strings.Repeat("c", 64), strings.Repeat("e", 64)
	ids := `"NetworkID":"` + network + `","EndpointID":"` + endpoint + `"`
	pool := `{"PoolID":"mybridge-local/192.168.7.0/24"`
	joined := `{` + ids + `,"SandboxKey":"/var/run/docker/netns/cccccccccccc"}`
	published := `{` + ids + `,"Options":{"com.docker.network.portmap":[{"Proto":6,"Port":80,"HostPort":8070,"HostPortEnd":8070}]}}`
	const unknown, inUse = "is not known", "in use"
	type step struct{ method, body, first, second string }
	for _, s := range []step{
		{"NetworkDriver.Join", joined, unknown, unknown},
		{"NetworkDriver.CreateEndpoint", `{` + ids + `,"Interface":{}}`, unknown, unknown},
		{"IpamDriver.RequestPool", `{"AddressSpace":"mybridge-local","Pool":"192.168.7.0/24"}`, "", "192.168.7.0/24"},
		{"IpamDriver.RequestAddress", pool + `,"Address":"192.168.7.1","Options":{"RequestAddressType":"com.docker.network.gateway"}}`, "", inUse},
		{"NetworkDriver.CreateNetwork", `{"NetworkID":"` + network + `","IPv4Data":[{"AddressSpace":"mybridge-local","Pool":"192.168.7.0/24","Gateway":"192.168.7.1/24"}]}`, "", ""},
		{"NetworkDriver.ProgramExternalConnectivity", published, unknown, unknown},
		{"IpamDriver.RequestAddress", pool + `,"Address":"192.168.7.2"}`, "", inUse},
		{"NetworkDriver.CreateEndpoint", `{` + ids + `,"Interface":{"Address":"192.168.7.2/24"}}`, "", ""},
		{"NetworkDriver.Leave", `{` + ids + `}`, "", ""},
		{"NetworkDriver.Join", joined, "", ""},
		{"NetworkDriver.ProgramExternalConnectivity", published, "", ""},
		// The network and the addresses before the endpoint.
		{"IpamDriver.ReleasePool", pool + `}`, "", ""},
		{"NetworkDriver.DeleteNetwork", `{"NetworkID":"` + network + `"}`, "", ""},
		{"IpamDriver.ReleaseAddress", pool + `,"Address":"192.168.7.2"}`, "", ""},
		{"NetworkDriver.DeleteEndpoint", `{` + ids + `}`, "", ""},
		{"NetworkDriver.Leave", `{` + ids + `}`, "", ""},
		{"NetworkDriver.RevokeExternalConnectivity", `{` + ids + `}`, "", ""},
		{"IpamDriver.ReleaseAddress", pool + `,"Address":"192.168.7.1"}`, "", ""},
	} {
		c.want(s.method, s.body, s.first)
		c.want(s.method, s.body, s.second)
	}
}
