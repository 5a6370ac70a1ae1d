package e2e

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mybridge/test/engine"
)

// published is a line of 'mybridge ports --json'.
type published struct {
	Name, Protocol  string
	Host, Container netip.AddrPort
}

// ports are what the container publishes.
func (h *host) ports(container string) []published {
	h.t.Helper()
	var ports []published
	if err := json.Unmarshal([]byte(h.MustRun("mybridge", "ports", "--json", container)), &ports); err != nil {
		h.t.Fatal(err)
	}
	return ports
}

// onEachBackend runs the test on each engine with each back end.
func onEachBackend(t *testing.T, test func(h *host)) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		for _, backend := range []string{"nftables", "iptables"} {
			t.Run(root.Name+"/"+backend, func(t *testing.T) {
				t.Parallel()
				test(newHost(t, root, engine.Options{}, "--firewall", backend))
			})
		}
	}
}

// TestPublishedPortLives wants a port to be there while its container runs, over
// restarts of all parts, and nothing to be left of it.
func TestPublishedPortLives(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		wantReached := func(when string) {
			h.t.Helper()
			for _, command := range []string{"get", "getudp"} {
				port := map[string]string{"get": "8080", "getudp": "5300"}[command]
				if answer, err := lan.Run("probe", command, "-retry", "-timeout", "5s", "198.51.100.1:"+port); err != nil || !strings.Contains(answer, " 198.51.100.2:") {
					h.t.Errorf("%s: the LAN's %s is answered %q, %v; want its own address seen", when, command, answer, err)
				}
				if _, err := h.Run("probe", command, "-retry", "-timeout", "5s", "127.0.0.1:"+port); err != nil {
					h.t.Errorf("%s: the host does not reach localhost: %v", when, err)
				}
			}
		}
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		before := h.whatIsThere()
		h.serve("web", "n1", "-p", "8080:80", "-p", "5300:53/udp")
		wantReached("started")
		h.restartPlugin()
		wantReached("after a restart of the plugin")
		h.MustDocker("restart", "-t", "1", "web")
		wantReached("after a restart of the container")
		h.MustDocker("stop", "-t", "1", "web")
		h.wantAsBefore(before)
		h.MustDocker("start", "web")
		wantReached("started again")
		h.MustDocker("network", "disconnect", "n1", "web")
		h.wantAsBefore(before)
		h.MustDocker("network", "connect", "n1", "web")
		wantReached("connected again")
		h.MustDocker("rm", "-f", "web")
		h.wantAsBefore(before)
		if sockets := h.MustRun("ss", "-Hlntu"); strings.Contains(sockets, ":8080") || strings.Contains(sockets, ":5300") {
			h.t.Errorf("sockets are left: %s", sockets)
		}
	})
}

// TestPortInUse wants the start to fail with an error that names the port, and
// nothing left, whoever has it.
func TestPortInUse(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1")
		h.serve("holder", "n1", "-p", "8080:80")
		h.Spawn("probe", "serve", "-tcp", "8081").WaitLog("serving")
		h.serve("native", "bridge", "-p", "8082:80")
		before := h.whatIsThere()
		for _, port := range []string{"8080", "8081", "8082"} {
			h.wantFailure(`port .*`+port+`/tcp is in use`, "docker", "run", "-d", "--name", "late", "--network", "n1", "-p", "9090:80", "-p", port+":80", "probe")
			h.MustDocker("rm", "-f", "late")
			h.wantAsBefore(before)
		}
		h.wantFailure("9091", "docker", "run", "-d", "--name", "late", "--network", "n1", "-p", "203.0.113.99:9091:80", "probe")
		h.MustDocker("rm", "-f", "late")
		h.wantAsBefore(before)
		h.serve("late", "n1", "-p", "9090:80", "-p", "127.0.0.1:9091:80")
		h.MustRun("probe", "get", "-retry", "127.0.0.1:9091")
		h.wantFailure("in use|allocated", "docker", "run", "-d", "--network", "bridge", "-p", "9090:80", "probe")
	})
}

// TestAnyPort wants -P and ranges to give free ports, the same for both families,
// that 'mybridge ports' tells and that lead there.
func TestAnyPort(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--ipv6", "--subnet", "192.168.0.0/24", "--subnet", "fd00:1::/64")
		h.serve("any", "n1", "-P", "--expose", "80", "--expose", "53/udp")
		h.serve("first", "n1", "-p", "8000-8001:80")
		h.serve("second", "n1", "-p", "8000-8001:80")
		h.wantFailure("8000-8001/tcp", "docker", "run", "-d", "--network", "n1", "-p", "8000-8001:80", "probe")
		h.serve("wide", "n1", "-p", "8100-8149:8100-8149", "-p", "8150:80")
		for name, want := range map[string]int{"any": 4, "first": 2, "second": 2, "wide": 102} {
			ports := h.ports(name)
			if len(ports) != want {
				h.t.Errorf("%s publishes %v, want %d", name, ports, want)
			}
			numbers := map[string]uint16{}
			for _, port := range ports {
				key := fmt.Sprint(port.Protocol, port.Container.Port())
				if other, both := numbers[key]; both && other != port.Host.Port() {
					h.t.Errorf("%s has %d and %d for %s", name, other, port.Host.Port(), key)
				}
				numbers[key] = port.Host.Port()
				if port.Name != name {
					h.t.Errorf("the port is said to be of %q, want %q", port.Name, name)
				}
			}
			answer, err := h.Run("probe", "get", "-retry", fmt.Sprintf("127.0.0.1:%d", numbers["tcp80"]))
			if err != nil {
				h.t.Errorf("%s is not reached: %q, %v", name, answer, err)
			}
		}
		table := h.MustRun("mybridge", "ports", "first")
		if !strings.Contains(table, "0.0.0.0:8000") || !strings.Contains(table, "[::]:8000") {
			h.t.Errorf("mybridge ports prints\n%s", table)
		}
		h.plugin.Kill()
		h.shows(1, []string{strings.Join(strings.Fields(table), " ")}, "ports", "first")
	})
}

// TestIPv6ToIPv4 wants a container with IPv4 only to be reached by IPv6.
func TestIPv6ToIPv4(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("2001:db8:1::1/64", "2001:db8:1::2/64")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.serve("web", "n1", "-p", "8080:80", "-p", "5300:53/udp")
		for _, from := range []engine.Place{h.Place, lan.Place} {
			from.MustRun("probe", "get", "-retry", "[2001:db8:1::1]:8080")
			from.MustRun("probe", "getudp", "-retry", "[2001:db8:1::1]:5300")
		}
		h.MustRun("probe", "get", "[::1]:8080")
		h.MustRun("probe", "getudp", "[::1]:5300")
	})
}

// TestStaleUDP wants a client that goes on sending from one port to reach the
// container as soon as its port is published, and its successor afterwards.
func TestStaleUDP(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		watch := lan.Spawn("probe", "getudp", "-timeout", "40s", "-retry", "-forever", "198.51.100.1:5300")
		for i, name := range []string{"first", "second"} {
			time.Sleep(300 * time.Millisecond) // some datagrams go to nobody
			h.serve(name, "n1", "--hostname", name, "--ip", fmt.Sprintf("192.168.0.%d", 10+i), "-p", "5300:53/udp")
			watch.WaitLog(name + " 198.51.100.2")
			h.MustDocker("rm", "-f", name)
		}
	})
}

// TestPortsMoveWithGateway wants ports to stay reached when another network takes
// the gateway over, and when it goes.
func TestPortsMoveWithGateway(t *testing.T) {
	onEachEngine(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n2", "--subnet", "192.168.2.0/24")
		h.createNetwork("n1", "--subnet", "192.168.1.0/24")
		h.createNetwork("closed", "--internal")
		h.serve("web", "n2", "-p", "8080:80")
		wantReached := func(when string) {
			h.t.Helper()
			if _, err := lan.Run("probe", "get", "-retry", "-timeout", "5s", "198.51.100.1:8080"); err != nil {
				h.t.Errorf("%s: %v", when, err)
			}
			if _, err := h.probe("web", "ping", "-timeout", "5s", "198.51.100.2"); err != nil {
				h.t.Errorf("%s: no way out: %v", when, err)
			}
		}
		wantReached("on one network")
		h.MustDocker("network", "connect", "n1", "web") // n1 comes first by its name
		wantReached("on two")
		h.MustDocker("network", "connect", "closed", "web")
		wantReached("on an internal one too")
		h.MustDocker("network", "disconnect", "n1", "web")
		wantReached("on the first again")
		h.MustDocker("network", "connect", "bridge", "web")
		wantReached("with the engine's own")
		h.MustDocker("network", "disconnect", "bridge", "web")
		wantReached("without it")
	})
}
