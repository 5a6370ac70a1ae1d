package firewalltest

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// world is the host with all that is connected to it. Every machine serves TCP
// 80 and 81 and UDP 53.
type world struct {
	networks []network
	host     *kernel.Machine
	machines map[string]*kernel.Machine
	// addresses and names are one book, read from either side.
	addresses map[string]addresses
	names     map[netip.Addr]string
	// gateways are the MACs that machines send to what is not for their segment.
	gateways map[string]link.MAC
	probe    string
}

// newWorld moves the test into a namespace that becomes the host of the networks.
func newWorld(t *testing.T, networks []network) *world {
	t.Helper()
	probe := filepath.Join(t.TempDir(), "probe")
	kernel.Run(t, "go", "build", "-buildvcs=false", "-o", probe, "mybridge/test/probe") // before the namespace, which has no network
	kernel.Namespace(t)
	w := &world{
		networks:  networks,
		host:      kernel.ThisMachine(t, "host"),
		machines:  map[string]*kernel.Machine{},
		addresses: map[string]addresses{},
		names:     map[netip.Addr]string{},
		gateways:  map[string]link.MAC{},
		probe:     probe,
	}
	w.machines["host"] = w.host
	prepareHost(t, w.host)
	w.addBuiltInChains(t)
	for name, addresses := range hostAddresses {
		w.enter(name, addresses)
	}
	for _, network := range networks {
		w.addNetwork(t, network)
	}
	return w
}

func (w *world) enter(name string, addresses addresses) {
	w.addresses[name] = addresses
	for _, address := range addresses {
		w.names[address] = name
	}
}

// prepareHost makes a router of the host. It sends no redirects, so that
// neighbours that are told to use the router keep to it.
func prepareHost(t *testing.T, host *kernel.Machine) {
	t.Helper()
	host.Run(t, "sysctl", "-qw",
		"net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
		"net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0",
		"net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
		"net.ipv6.conf.default.accept_dad=0")
	filterBridgedPackets(t, host, false)
}

// filterBridgedPackets says whether iptables sees what neighbours on a bridge
// exchange (br_netfilter, of which each namespace has its own switch).
func filterBridgedPackets(t *testing.T, host *kernel.Machine, on bool) {
	t.Helper()
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		t.Log("the module br_netfilter is not loaded, so bridged packets pass no rules")
		return
	}
	value := "=0"
	if on {
		value = "=1"
	}
	host.Run(t, "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables"+value, "net.bridge.bridge-nf-call-ip6tables"+value)
}

// addNetwork makes the bridge and the containers as the driver does.
func (w *world) addNetwork(t *testing.T, n network) {
	t.Helper()
	settings := n.settings()
	bridge := n.segment(settings)
	w.addSegment(t, bridge)
	w.enter(n.name+"-gateway", n.address(gatewayHost))
	w.enter(n.name+"-host", n.address(bridgeHost))
	for i, name := range n.containers {
		host := firstContainer + i
		w.addMachine(t, name, bridge, n.link(host), n.mac(host), n.address(host))
		if settings.NoICC {
			w.host.Run(t, "bridge", "link", "set", "dev", string(n.link(host)), "isolated", "on")
		}
	}
	if settings.NoICC {
		w.routeNeighboursByGateway(t, n)
	}
}

// segment is the network's bridge. Where the gateway is somebody else, the host has
// an address of its own.
func (n network) segment(settings firewall.Network) segment {
	s := segment{bridge: settings.Bridge, mac: settings.BridgeMAC}
	for f, subnet := range settings.Subnets {
		if !subnet.Gateway.IsValid() {
			continue
		}
		own := subnet.Gateway
		if !subnet.OwnGateway {
			own = n.address(bridgeHost)[f]
		}
		s.own = append(s.own, own)
		s.gateways = append(s.gateways, subnet.Gateway)
	}
	return s
}

// routeNeighboursByGateway is what a container may do that wants to get around
// the isolation of its bridge port.
func (w *world) routeNeighboursByGateway(t *testing.T, n network) {
	t.Helper()
	for i, name := range n.containers {
		neighbour := n.address(firstContainer + 1 - i)
		for f, gateway := range n.address(gatewayHost) {
			w.machines[name].Configure(t, fmt.Sprintf("route add %s via %s", neighbour[f], gateway))
		}
	}
}

// state is all that the back end is told.
func (w *world) state() firewall.State {
	state := firewall.State{EngineBridges: []link.Name{"docker0"}}
	for _, network := range w.networks {
		state.Networks = append(state.Networks, network.state())
	}
	return state
}

// network is one of the world's by its name.
func (w *world) network(name string) network {
	return w.networks[slices.IndexFunc(w.networks, func(n network) bool { return n.name == name })]
}
