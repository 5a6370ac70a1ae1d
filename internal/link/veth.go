package link

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"mybridge/internal/fault"
)

// MostPorts is how many ports a bridge can have (BR_MAX_PORTS of the kernel's
// net/bridge/br_private.h, less the number 0).
const MostPorts = 1<<10 - 1

// Veth is the pair of an endpoint: one end is a port of the bridge, the other
// is handed to the engine, which moves it into the container.
type Veth struct {
	Name   Name
	Peer   Name
	Bridge Name
	// Network, Endpoint and Addresses go into the alias of the bridge's end.
	Network   string
	Endpoint  string
	Addresses []netip.Prefix
	// MTU in bytes of both ends; 0 leaves the kernel's default of 1500.
	MTU int
	// MAC is the container's.
	MAC MAC
	// Isolated keeps frames from other isolated ports of the bridge.
	Isolated bool
}

// vethAlias fits the kernel's 255 characters with two 64-character IDs and an
// address of each family.
func (m *Manager) vethAlias(v Veth) string {
	words := []string{"network=" + v.Network, "endpoint=" + v.Endpoint}
	for _, a := range v.Addresses {
		words = append(words, a.String())
	}
	return m.aliasPrefix() + strings.Join(words, " ")
}

// EnsureVeth makes the pair and attaches it to its bridge; a pair that is there
// is left as it is, a half-made one is made anew. It fails with ErrForeign where
// a link that is not this endpoint's has the name.
func (m *Manager) EnsureVeth(_ context.Context, want Veth) error {
	return m.ensureVeth(want, nil)
}

// ensureVeth makes the pair with its end in the container at once, where there is one.
func (m *Manager) ensureVeth(want Veth, in *container) error {
	found, err := m.find(want.Name)
	if err != nil {
		return err
	}
	switch {
	case found == nil:
	case m.isEndpoints(found, want):
		return nil
	case isHalfMade(found):
		if err := m.remove(found); err != nil {
			return err
		}
	default:
		return fmt.Errorf("link %s (%s) %w", want.Name, whose(found), ErrForeign)
	}
	bridge, err := m.findBridge(want.Bridge)
	if err != nil {
		return err
	}
	if bridge == nil {
		return fmt.Errorf("bridge %s is gone", want.Bridge)
	}
	return m.addVeth(want, bridge, in)
}

// addVeth makes both ends, each with its MAC from the start: udev's persistent
// policy rewrites one that was not given at creation.
func (m *Manager) addVeth(want Veth, bridge *netlink.Bridge, in *container) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = string(want.Name)
	attributes.MTU = want.MTU
	attributes.HardwareAddr = RandomMAC().hardware()
	attributes.Flags = netFlagUp
	pair := netlink.NewVeth(attributes)
	pair.PeerName = string(want.Peer)
	pair.PeerHardwareAddr = want.MAC.hardware()
	pair.PeerMTU = uint32(want.MTU)
	if err := in.receive(pair); err != nil {
		return err
	}
	if err := fault.Point("link.veth.add"); err != nil {
		return err
	}
	if err := m.handle.LinkAdd(pair); err != nil {
		return fmt.Errorf("making veth pair %s, %s on bridge %s: %w", want.Name, want.Peer, want.Bridge, err)
	}
	if err := m.completeVeth(want, pair, bridge, in); err != nil {
		return errors.Join(err, m.handle.LinkDel(pair))
	}
	return nil
}

// completeVeth sets what the kernel ignores at creation. The alias comes last: it
// says that the pair is complete.
func (m *Manager) completeVeth(want Veth, pair *netlink.Veth, bridge *netlink.Bridge, in *container) error {
	if err := fault.Point("link.veth.added"); err != nil {
		return err
	}
	err := m.handle.LinkSetMaster(pair, bridge)
	if errors.Is(err, unix.EXFULL) {
		return fmt.Errorf("bridge %s has %d ports, the most that the kernel allows: use another network", want.Bridge, MostPorts)
	}
	if err != nil {
		return fmt.Errorf("making %s a port of bridge %s: %w", want.Name, want.Bridge, err)
	}
	if err := fault.Point("link.veth.port"); err != nil {
		return err
	}
	// A bridge's port has no address of its own.
	if err := disableIPv6(want.Name, true); err != nil {
		return err
	}
	if err := fault.Point("link.veth.disable_ipv6"); err != nil {
		return err
	}
	if want.Isolated {
		if err := m.handle.LinkSetIsolated(pair, true); err != nil {
			return fmt.Errorf("isolating port %s: %w", want.Name, err)
		}
		if err := fault.Point("link.veth.isolated"); err != nil {
			return err
		}
	}
	if err := in.configure(pair, want.Addresses); err != nil {
		return err
	}
	if err := m.handle.LinkSetAlias(pair, m.vethAlias(want)); err != nil {
		return fmt.Errorf("naming the owner of link %s: %w", want.Name, err)
	}
	return fault.Point("link.veth.named")
}

// isHalfMade reports whether the link, whose name is ours, is a pair whose making was
// cut short.
func isHalfMade(found netlink.Link) bool {
	return isVeth(found) && found.Attrs().Alias == ""
}

// isEndpoints reports whether the link was made for this endpoint.
func (m *Manager) isEndpoints(found netlink.Link, want Veth) bool {
	v, ok := m.parseVethAlias(found.Attrs().Alias)
	return ok && v.Network == want.Network && v.Endpoint == want.Endpoint
}
