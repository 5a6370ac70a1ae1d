package driver

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// world is a disk, a kernel and a packet filter in memory. Its next effects can
// be made to fail, or to be the last before the process is killed. What it does as a
// disk, as a kernel and as a packet filter stands in files of these names.
type world struct {
	networks  map[NetworkID]Network
	endpoints map[string]Endpoint
	bridges   map[link.Name]string
	veths     map[link.Name]string
	rules     map[string]firewall.Network
	// endpointRules and held are by endpoint: what the packet filter does for it,
	// and which host ports the process holds for it.
	endpointRules map[string]firewall.Endpoint
	held          map[string][]hostport.Mapping
	// broken are links with what somebody did to them, taken are ports that
	// another process has.
	broken     map[link.Name]string
	taken      map[netip.AddrPort]bool
	forwarding bool
	// inside are the containers' ends of links: the interfaces' names by the
	// containers' sandboxes, each with its link. One that is not in it is gone.
	inside map[string]map[link.Name]link.Name
	// remade are the links that were made again, in their order.
	remade     []link.Name
	hostSubnet netip.Prefix
	// sweeps is how often rules of no network were swept away.
	sweeps int
	// ownedBridges and ownedVeths are what the aliases of our links tell.
	ownedBridges map[link.Name]link.OwnedBridge
	ownedVeths   map[link.Name]link.OwnedVeth

	// effects counts down to the one that fails or kills; below zero none does.
	effects int
	kill    bool
	// lasting makes all that follow the failing effect fail as well.
	lasting bool
}

var (
	errInjected = errors.New("injected failure")
	errKilled   = errors.New("killed")
)

func newWorld() *world {
	return &world{
		networks:  map[NetworkID]Network{},
		endpoints: map[string]Endpoint{},
		bridges:   map[link.Name]string{},
		veths:     map[link.Name]string{},
		rules:     map[string]firewall.Network{},

		endpointRules: map[string]firewall.Endpoint{},
		held:          map[string][]hostport.Mapping{},
		broken:        map[link.Name]string{},
		taken:         map[netip.AddrPort]bool{},
		inside:        map[string]map[link.Name]link.Name{},

		ownedBridges: map[link.Name]link.OwnedBridge{},
		ownedVeths:   map[link.Name]link.OwnedVeth{},
		effects:      -1,
	}
}

// effect is called before each change of the world.
func (w *world) effect() error {
	if w.effects < 0 && !w.lasting {
		return nil
	}
	w.effects--
	switch {
	case w.effects == -1 && w.kill:
		panic(errKilled)
	case w.effects == -1, w.effects < -1 && w.lasting:
		return errInjected
	}
	return nil
}

// mend ends the failures.
func (w *world) mend() { w.effects, w.kill, w.lasting = -1, false, false }

// open starts a driver on what is there.
func (w *world) open(t *testing.T) *Driver {
	t.Helper()
	w.mend()
	clear(w.held) // sockets go with their process
	log := logrus.New()
	log.SetOutput(io.Discard)
	d, err := Open(t.Context(), Config{State: w, Links: w, Firewall: w, Ports: w, Log: log})
	if err != nil {
		t.Fatalf("opening the driver: %v", err)
	}
	return d
}

// check holds the world against itself: the kernel has what is kept and ready,
// and nothing of ours besides.
func (w *world) check(t *testing.T, when string) {
	t.Helper()
	ours := map[link.Name]bool{}
	for id, n := range w.networks {
		ours[n.Bridge] = true
		if n.Phase != Ready {
			t.Errorf("%s: network %s is left %s", when, id, n.Phase)
		}
		if _, ok := w.bridges[n.Bridge]; !ok {
			t.Errorf("%s: network %s has no bridge", when, id)
		}
		if _, ok := w.rules[string(id)]; !ok {
			t.Errorf("%s: network %s has no rules", when, id)
		}
	}
	for name, owner := range w.bridges {
		if !ours[name] && owner != "" {
			t.Errorf("%s: bridge %s of network %s is left behind", when, name, owner)
		}
	}
	for id := range w.rules {
		if _, ok := w.networks[NetworkID(id)]; !ok {
			t.Errorf("%s: rules of network %s are left behind", when, id)
		}
	}
	kept := map[string]bool{}
	for _, e := range w.endpoints {
		kept[string(e.ID)] = true
		if e.Phase != Ready {
			t.Errorf("%s: endpoint %s is left %s", when, e.ID, e.Phase)
		}
		if _, ok := w.networks[e.Network]; !ok {
			t.Errorf("%s: endpoint %s is left of a network that is gone", when, e.ID)
		}
	}
	for _, e := range w.endpoints {
		if !slices.Equal(w.held[string(e.ID)], e.HostPorts) {
			t.Errorf("%s: endpoint %s holds %v, kept are %v", when, e.ID, w.held[string(e.ID)], e.HostPorts)
		}
		if rules, ok := w.endpointRules[string(e.ID)]; ok && !slices.Equal(rules.Ports, e.HostPorts) || !ok && len(e.HostPorts) > 0 {
			t.Errorf("%s: the rules of endpoint %s are for %v, kept are %v", when, e.ID, rules.Ports, e.HostPorts)
		}
	}
	for id := range w.endpointRules {
		if !kept[id] {
			t.Errorf("%s: rules of endpoint %s are left behind", when, id)
		}
	}
	for id := range w.held {
		if !kept[id] {
			t.Errorf("%s: ports of endpoint %s are left held", when, id)
		}
	}
	for name, owner := range w.veths {
		if !kept[owner] {
			t.Errorf("%s: link %s of endpoint %s is left behind", when, name, owner)
		}
	}
}

func subnet(pool string) Subnet {
	p := netip.MustParsePrefix(pool)
	return Subnet{Pool: p, Gateway: netip.PrefixFrom(p.Addr().Next(), p.Bits())}
}

func config(id, pool string) NetworkConfig {
	return NetworkConfig{ID: NetworkID(id), Masquerade: true, IPv4: subnet(pool)}
}

func endpoint(network, id, address string) EndpointConfig {
	return EndpointConfig{Network: NetworkID(network), ID: EndpointID(id), IPv4: netip.MustParsePrefix(address)}
}

// publication is of one TCP port, to a host port, 0 for any.
func publication(host uint16) Publication {
	return Publication{Ports: []PortRequest{{Protocol: hostport.TCP, Container: 80, First: host, Last: host}}}
}
