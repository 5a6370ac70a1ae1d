package e2e

import (
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestOutside wants a way out through the host's address, answers to come back,
// and nobody outside to come in, although Docker drops what it does not know.
func TestOutside(t *testing.T) {
	onEachEngine(t, func(h *host) {
		neighbour := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		neighbour.Spawn("probe", "serve", "-tcp", "80", "-udp", "53").WaitLog("serving")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.serve("one", "n1")
		h.MustRun("iptables", "-P", "FORWARD", "DROP") // not every engine does it on every host
		h.wantReached("one", "198.51.100.2")
		for command, port := range map[string]string{"get": ":80", "getudp": ":53"} {
			answer, err := h.probe("one", command, "198.51.100.2"+port)
			if err != nil || !strings.Contains(answer, " 198.51.100.1:") {
				h.t.Errorf("%s: the neighbour answers %q, %v; want the host's address in it", command, answer, err)
			}
		}
		neighbour.MustRun("ip", "route", "add", "192.168.0.0/24", "via", "198.51.100.1")
		if answer, err := neighbour.Run("probe", "get", "-timeout", "700ms", "192.168.0.2:80"); err == nil {
			h.t.Errorf("the neighbour reaches a container that publishes nothing: %s", answer)
		}
		h.MustRun("probe", "get", "-retry", "192.168.0.2:80") // the host itself does
	})
}

func TestWithoutMasquerade(t *testing.T) {
	onEachEngine(t, func(h *host) {
		neighbour := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		neighbour.MustRun("ip", "route", "add", "192.168.0.0/24", "via", "198.51.100.1")
		neighbour.Spawn("probe", "serve", "-tcp", "80").WaitLog("serving")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.enable_ip_masquerade=false")
		h.run("one", "n1")
		answer, err := h.probe("one", "get", "198.51.100.2:80")
		if err != nil || !strings.Contains(answer, " 192.168.0.2:") {
			h.t.Errorf("the neighbour answers %q, %v; want the container's own address in it", answer, err)
		}
	})
}

// TestUserSaysFirst wants DOCKER-USER to win, also after the engine has put its
// jumps in again for another network.
func TestUserSaysFirst(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.MustDocker("network", "create", "another")
		h.wantReached("one", "198.51.100.2")
		h.MustRun("iptables", "-I", "DOCKER-USER", "-s", "192.168.0.2", "-d", "198.51.100.2", "-j", "DROP")
		h.wantNotReached("one", "198.51.100.2")
		h.MustRun("iptables", "-D", "DOCKER-USER", "-s", "192.168.0.2", "-d", "198.51.100.2", "-j", "DROP")
		h.wantReached("one", "198.51.100.2")
	})
}

// TestNetworksKeepApart wants no way between networks, ours and the engine's.
func TestNetworksKeepApart(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.1.0/24")
		h.createNetwork("n2", "--subnet", "192.168.2.0/24")
		h.serve("one", "n1")
		h.serve("two", "n2")
		h.serve("docker0", "bridge")
		h.wantReached("one", "192.168.1.1") // the probe works
		h.wantNotReached("one", "192.168.2.2")
		h.wantNotReached("two", "192.168.1.2")
		h.wantNotReached("docker0", "192.168.1.2")
	})
}

// TestForwardingIsTurnedOn wants it on, and said.
func TestForwardingIsTurnedOn(t *testing.T) {
	onEachEngineWith(t, engine.Options{DaemonArgs: []string{"--ip-forward=false"}}, func(h *host) {
		h.MustRun("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
		h.createNetwork("closed", "--internal")
		if value := h.MustRun("cat", "/proc/sys/net/ipv4/ip_forward"); value != "0" {
			h.t.Error("forwarding was turned on for an internal network")
		}
		h.createNetwork("n1")
		if value := h.MustRun("cat", "/proc/sys/net/ipv4/ip_forward"); value != "1" {
			h.t.Error("forwarding is off")
		}
		if !strings.Contains(h.plugin.Log(), "forwarding was off and has been turned on") {
			h.t.Error("the log does not say so")
		}
	})
}
