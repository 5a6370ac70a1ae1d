package e2e

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestSCTPPort wants an SCTP port to be listed, held, and to lead to the container,
// over a restart of the plugin and until the container is removed. There is no association: not every kernel has SCTP's
// sockets, so what opens one is sent and looked for by raw sockets.
func TestSCTPPort(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour(hostIPv4+"/24", lanIPv4+"/24")
		h.MustRun("ip", "address", "add", hostIPv6+"/64", "dev", lan.Device, "nodad")
		lan.MustRun("ip", "address", "add", lanIPv6+"/64", "dev", "eth0", "nodad")
		initiate := func(server, port, label string) {
			h.t.Helper()
			lan.MustRun("probe", "sctp", "-label", label, net.JoinHostPort(server, port))
		}
		h.createNetwork("n1", "--ipv6", "--subnet", "192.168.0.0/24", "--subnet", "fd00:1::/64")
		before := h.whatIsThere()
		same := []string{"--ip", "192.168.0.10", "--ip6", "fd00:1::10"}

		h.run("first", "n1", append(same, "-p", "9000:9000/sctp")...)
		want := []published{
			{"first", "sctp", netip.MustParseAddrPort("0.0.0.0:9000"), netip.MustParseAddrPort("192.168.0.10:9000")},
			{"first", "sctp", netip.MustParseAddrPort("[::]:9000"), netip.MustParseAddrPort("[fd00:1::10]:9000")},
		}
		if got := h.ports("first"); !slices.Equal(got, want) {
			h.t.Errorf("published are %v, want %v", got, want)
		}
		h.restartPlugin()
		h.wantFailure(`port .*9000/sctp is in use`, "docker", "run", "-d", "--name", "late", "--network", "n1", "-p", "9000:9000/sctp", "probe")
		h.MustDocker("rm", "-f", "late")
		h.run("other", "n1", "-p", "9000:9000/tcp") // a port of its own
		sniffer := h.sniff("first")
		for _, server := range []string{hostIPv4, hostIPv6} {
			initiate(server, "9000", "to "+server)
			sniffer.WaitLog("to " + server)
		}

		h.MustDocker("rm", "-f", "first", "other")
		h.wantAsBefore(before)
		h.run("second", "n1", append(same, "-p", "9001:9000/sctp")...)
		sniffer = h.sniff("second")
		for _, server := range []string{hostIPv4, hostIPv6} {
			initiate(server, "9000", "late")
			initiate(server, "9001", "to "+server)
			sniffer.WaitLog("to " + server)
		}
		if strings.Contains(sniffer.Log(), "late") {
			h.t.Errorf("a port leads on after its container was removed: %s", sniffer.Log())
		}
	})
}

// sniff starts to print the labels of packets that come to the container.
func (h *host) sniff(container string) *engine.Process {
	h.t.Helper()
	pid := h.MustDocker("inspect", "-f", "{{.State.Pid}}", container)
	sniffer := h.Spawn("nsenter", "-t", pid, "-n", "probe", "sniff")
	sniffer.WaitLog("sniffing")
	return sniffer
}
