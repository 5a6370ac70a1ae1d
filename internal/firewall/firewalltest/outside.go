package firewalltest

import (
	"fmt"
	"strings"
	"testing"

	"mybridge/internal/link"
)

// addOutside adds what is not ours: two neighbours of the host, two bridges of the
// engine's, and programs that hold the published ports.
func (w *world) addOutside(t *testing.T) {
	t.Helper()
	w.addNeighbour(t, "lan", "lan0", "host", addressPair("198.51.100.2", "2001:db8:1::2"))
	w.addNeighbour(t, "lan2", "lan1", "host-lan2", addressPair("203.0.113.2", "2001:db8:2::2"))
	// Deprecated, so that nothing is sent from it but what is told to.
	second := hostAddresses["host2"]
	w.host.Configure(t,
		addAddress(second[ipv4], "lan0"),
		addAddress(second[ipv6], "lan0")+" preferred_lft 0")

	w.addEngineBridge(t, "engine", "docker0", addressPair("172.17.0.2", "fd00:1000::2"))
	w.addEngineBridge(t, "engine2", "docker1", addressPair("172.18.0.2", "fd00:2000::2"))
	w.holdPorts(t)
}

// holdPorts serves each published port on the host itself, in the place of the
// sockets that package hostport holds. The host's answer shows that a packet was
// not forwarded.
func (w *world) holdPorts(t *testing.T) {
	t.Helper()
	held := map[string]bool{}
	for _, p := range publications {
		arguments := fmt.Sprintf("-%s %d", p.protocol, p.hostPort)
		if p.host != ownAddress && !held[arguments] {
			held[arguments] = true
			w.serve(t, w.host, strings.Fields(arguments)...)
		}
	}
}

// addNeighbour adds a host on a LAN of its own, which sends to the host what is
// not for the LAN: it knows the way to the containers.
func (w *world) addNeighbour(t *testing.T, name string, device link.Name, host string, addresses addresses) {
	t.Helper()
	mac, gateways := link.RandomMAC(), hostAddresses[host]
	m := w.newMachine(t, name, addresses, mac)
	w.host.Configure(t,
		fmt.Sprintf("link add %s address %s type veth peer name eth0 netns %s", device, mac, m.Pid()),
		addAddress(gateways[ipv4], string(device)),
		addAddress(gateways[ipv6], string(device)),
		fmt.Sprintf("link set %s up", device))
	connect(t, m, addresses, gateways[:])
}

func (w *world) addEngineBridge(t *testing.T, container string, bridge link.Name, addresses addresses) {
	t.Helper()
	gateways := hostAddresses[container+"-gateway"]
	s := segment{bridge: bridge, mac: link.RandomMAC(), own: gateways[:], gateways: gateways[:]}
	w.addSegment(t, s)
	w.addMachine(t, container, s, "veth-"+link.Name(container), link.RandomMAC(), addresses)
}
