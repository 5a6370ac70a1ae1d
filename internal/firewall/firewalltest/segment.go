package firewalltest

import (
	"fmt"
	"net/netip"
	"testing"

	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// segment is a bridge of the host's.
type segment struct {
	bridge link.Name
	mac    link.MAC
	// own are the host's addresses on it.
	own []netip.Addr
	// gateways are what machines on it route by.
	gateways []netip.Addr
}

func (w *world) addSegment(t *testing.T, s segment) {
	t.Helper()
	commands := []string{fmt.Sprintf("link add %s address %s type bridge", s.bridge, s.mac)}
	for _, address := range s.own {
		commands = append(commands, addAddress(address, string(s.bridge)))
	}
	w.host.Configure(t, append(commands, fmt.Sprintf("link set %s up", s.bridge))...)
}

// addMachine connects a new machine to the segment by a veth pair, whose end on
// the host is called port.
func (w *world) addMachine(t *testing.T, name string, s segment, port link.Name, mac link.MAC, addresses addresses) {
	t.Helper()
	m := w.newMachine(t, name, addresses, s.mac)
	w.host.Configure(t,
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %s", port, mac, m.Pid()),
		fmt.Sprintf("link set %s master %s up", port, s.bridge))
	connect(t, m, addresses, s.gateways)
}

// newMachine is one that serves but is not connected yet.
func (w *world) newMachine(t *testing.T, name string, addresses addresses, gateway link.MAC) *kernel.Machine {
	t.Helper()
	m := kernel.NewMachine(t, name)
	// What it learns from redirects would differ from run to run.
	m.Run(t, "sysctl", "-qw",
		"net.ipv4.conf.all.accept_redirects=0", "net.ipv4.conf.default.accept_redirects=0",
		"net.ipv6.conf.all.accept_redirects=0", "net.ipv6.conf.default.accept_redirects=0",
		"net.ipv6.conf.default.accept_dad=0")
	w.machines[name] = m
	w.gateways[name] = gateway
	w.enter(name, addresses)
	w.serve(t, m, "-tcp", "80", "-udp", "53")
	w.serve(t, m, "-tcp", "81")
	return m
}

func (w *world) serve(t *testing.T, m *kernel.Machine, ports ...string) {
	t.Helper()
	m.Spawn(t.Context(), t, "serving", w.probe, append([]string{"serve"}, ports...)...)
}

// connect gives the machine's end of the veth pair its addresses and routes.
func connect(t *testing.T, m *kernel.Machine, addresses addresses, gateways []netip.Addr) {
	t.Helper()
	var commands []string
	for _, address := range addresses {
		commands = append(commands, addAddress(address, "eth0"))
	}
	commands = append(commands, "link set eth0 up")
	for _, gateway := range gateways {
		commands = append(commands, fmt.Sprintf("route add default via %s", gateway))
	}
	m.Configure(t, commands...)
}

// addAddress is the command for an address that can be used at once.
func addAddress(address netip.Addr, device string) string {
	if address.Is6() {
		return fmt.Sprintf("address add %s/%d dev %s nodad", address, bits[ipv6], device)
	}
	return fmt.Sprintf("address add %s/%d dev %s", address, bits[ipv4], device)
}
