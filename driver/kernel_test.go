package driver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

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
