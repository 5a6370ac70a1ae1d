package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// world is a disk, a kernel and a packet filter in memory. Its next effects can
// be made to fail, or to be the last before the process is killed.
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

func (w *world) LoadNetworks(context.Context) ([]Network, []Endpoint, error) {
	return slices.Collect(maps.Values(w.networks)), slices.Collect(maps.Values(w.endpoints)), nil
}

func (w *world) PutNetwork(_ context.Context, n Network) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.networks[n.ID] = n
	return nil
}

func (w *world) PutEndpoint(_ context.Context, e Endpoint) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.endpoints[string(e.Network)+string(e.ID)] = e
	return nil
}

func (w *world) Forget(_ context.Context, deletions ...Deletion) error {
	if err := w.effect(); err != nil {
		return err
	}
	for _, deletion := range deletions {
		if deletion.Endpoint == "" {
			delete(w.networks, deletion.Network)
		}
		maps.DeleteFunc(w.endpoints, func(_ string, e Endpoint) bool {
			return e.Network == deletion.Network && (deletion.Endpoint == "" || e.ID == deletion.Endpoint)
		})
	}
	return nil
}

func (w *world) BridgeExists(_ context.Context, name link.Name) (bool, error) {
	_, ok := w.bridges[name]
	return ok, nil
}

func (w *world) EnsureBridge(_ context.Context, b link.Bridge) error {
	if owner, ok := w.bridges[b.Name]; ok && owner != b.Network {
		return fmt.Errorf("bridge %s %w", b.Name, link.ErrForeign)
	}
	if err := w.effect(); err != nil {
		return err
	}
	w.bridges[b.Name] = b.Network
	delete(w.broken, b.Name)
	w.ownedBridges[b.Name] = link.OwnedBridge{Name: b.Name, MAC: b.MAC, Network: b.Network, Note: b.Note}
	return nil
}

func (w *world) RaiseBridge(_ context.Context, name link.Name) (link.MAC, error) {
	if _, ok := w.bridges[name]; !ok {
		return link.MAC{}, errors.New("bridge is gone")
	}
	return link.MAC{2, 1}, w.effect()
}

func (w *world) EnsureVeth(_ context.Context, v link.Veth) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.veths[v.Name] = v.Endpoint
	w.ownedVeths[v.Name] = link.OwnedVeth{Name: v.Name, Bridge: v.Bridge, Network: v.Network, Endpoint: v.Endpoint, Addresses: v.Addresses}
	return nil
}

// Remove has an effect for each link, as the kernel may take one and not the next.
func (w *world) Remove(_ context.Context, bridges []link.Bridge, veths []link.Veth) map[link.Name]error {
	failures := map[link.Name]error{}
	for _, v := range veths {
		if err := w.effect(); err != nil {
			failures[v.Name] = err
			continue
		}
		delete(w.veths, v.Name)
		delete(w.ownedVeths, v.Name)
	}
	for _, b := range bridges {
		if w.bridges[b.Name] != b.Network {
			continue
		}
		if err := w.effect(); err != nil {
			failures[b.Name] = err
			continue
		}
		delete(w.bridges, b.Name)
		delete(w.ownedBridges, b.Name)
	}
	return failures
}

func (w *world) EnsureForwarding(context.Context, bool) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.forwarding = true
	return nil
}

func (w *world) Owned(context.Context) ([]link.OwnedBridge, []link.OwnedVeth, error) {
	return slices.Collect(maps.Values(w.ownedBridges)), slices.Collect(maps.Values(w.ownedVeths)), nil
}

func (w *world) SubnetHolder(_ context.Context, gateway netip.Prefix) (link.Name, error) {
	if gateway.Masked() == w.hostSubnet {
		return "eth0", nil
	}
	return "", nil
}

// Problems knows what is gone, and what a test has broken.
func (w *world) Problems(_ context.Context, bridges []link.Bridge, veths []link.Veth) (map[link.Name]string, error) {
	problems := maps.Clone(w.broken)
	for _, b := range bridges {
		if _, ok := w.bridges[b.Name]; !ok {
			problems[b.Name] = link.Gone
		}
	}
	for _, v := range veths {
		if _, ok := w.veths[v.Name]; !ok {
			problems[v.Name] = link.Gone
		}
	}
	return problems, nil
}

func (w *world) ReattachVeth(_ context.Context, v link.Veth) error {
	if _, ok := w.veths[v.Name]; !ok {
		return errors.New("link is gone")
	}
	delete(w.broken, v.Name)
	return w.effect()
}

func (w *world) SandboxReached(path string) error {
	if _, ok := w.inside[path]; !ok {
		return errors.New("its container is gone")
	}
	return nil
}

// RemakeVeth does what a test is to see of it: where the link ends, and its name.
func (w *world) RemakeVeth(ctx context.Context, v link.Veth, inside link.Interface) error {
	if err := w.EnsureVeth(ctx, v); err != nil {
		return err
	}
	name := inside.Name
	if name == "" {
		name = inside.Prefix + "0"
	}
	w.inside[inside.Sandbox][name] = v.Name
	w.remade = append(w.remade, v.Name)
	delete(w.broken, v.Name)
	return nil
}

func (w *world) InterfaceName(_ context.Context, veth link.Name, path string) (link.Name, error) {
	for name, other := range w.inside[path] {
		if other == veth {
			return name, nil
		}
	}
	return "", errors.New("it is not there")
}

func (w *world) ForwardingOff(_ context.Context, ipv6 bool) (bool, string, error) {
	return !ipv6 && !w.forwarding, "net.ipv4.ip_forward", nil
}

func (w *world) ForgetAddresses(context.Context, []netip.Addr) error { return nil }

func (w *world) ForgetPorts(context.Context, []hostport.Mapping) error { return nil }

func (w *world) SetNetwork(_ context.Context, n firewall.Network) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.rules[n.ID] = n
	return nil
}

func (w *world) RemoveNetwork(_ context.Context, network string) error {
	if err := w.effect(); err != nil {
		return err
	}
	delete(w.rules, network)
	for _, e := range w.endpoints {
		if string(e.Network) == network {
			delete(w.endpointRules, string(e.ID))
		}
	}
	return nil
}

func (w *world) SetEndpoint(_ context.Context, network string, e firewall.Endpoint) error {
	if err := w.effect(); err != nil {
		return err
	}
	if _, ok := w.rules[network]; !ok {
		return errors.New("the endpoint's network has no rules")
	}
	w.endpointRules[e.ID] = e
	return nil
}

func (w *world) RemoveEndpoint(_ context.Context, _, endpoint string) error {
	if err := w.effect(); err != nil {
		return err
	}
	delete(w.endpointRules, endpoint)
	return nil
}

func (w *world) Sweep(context.Context) error {
	w.sweeps++
	return nil
}

func (w *world) Restore(_ context.Context, state firewall.State) error {
	if err := w.effect(); err != nil {
		return err
	}
	clear(w.rules)
	clear(w.endpointRules)
	for _, n := range state.Networks {
		w.rules[n.ID] = n.Network
		for _, e := range n.Endpoints {
			w.endpointRules[e.ID] = e
		}
	}
	return nil
}

func (w *world) HasIPv6() bool { return true }

// Hold gives 49153 where any port will do, and refuses what another has.
func (w *world) Hold(owner string, requests []hostport.Request) ([]hostport.Mapping, error) {
	if err := w.effect(); err != nil {
		return nil, err
	}
	var mappings []hostport.Mapping
	for _, r := range requests {
		for _, target := range r.Targets {
			port := r.First
			if port == 0 {
				port = 49153
			}
			m := hostport.Mapping{Protocol: r.Protocol, Host: netip.AddrPortFrom(target.Host, port), Container: target.Container}
			if err := w.wantFree(m); err != nil {
				return nil, err
			}
			mappings = append(mappings, m)
		}
	}
	if len(mappings) > 0 {
		w.held[owner] = append(w.held[owner], mappings...)
	}
	return mappings, nil
}

func (w *world) wantFree(m hostport.Mapping) error {
	for owner, mappings := range w.held {
		for _, other := range mappings {
			if other.Protocol == m.Protocol && other.Host == m.Host {
				return fmt.Errorf("port %s is in use by %s", m.Host, owner)
			}
		}
	}
	return nil
}

func (w *world) Resume(owner string, mappings []hostport.Mapping) error {
	for _, m := range mappings {
		if w.taken[m.Host] {
			return fmt.Errorf("port %s is in use", m.Host)
		}
		w.held[owner] = append(w.held[owner], m)
	}
	return nil
}

func (w *world) Release(owner string) { delete(w.held, owner) }

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
