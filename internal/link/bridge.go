package link

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"

	"mybridge/internal/fault"
)

// Bridge is a bridge of our own as it should be.
type Bridge struct {
	Name Name
	// Network is the ID of the network it is for; it goes into the alias.
	Network string
	// MTU in bytes; 0 leaves the kernel's default of 1500.
	MTU int
	// MAC is the bridge's own, so that it does not follow its ports.
	MAC MAC
	// Gateways are the bridge's addresses, at most one a family.
	Gateways []netip.Prefix
	// Foreign says that the bridge was there before its network: only its name
	// counts.
	Foreign bool
	// Note goes into the alias, for whoever has nothing else to go by; at most
	// 140 characters.
	Note string
}

func (m *Manager) bridgeAlias(b Bridge) string {
	return strings.TrimRight(m.aliasPrefix()+"network="+b.Network+" "+b.Note, " ")
}

// BridgeExists reports whether a bridge of that name is there, whoever made it.
// It fails with ErrNotBridge where a link of another kind is.
func (m *Manager) BridgeExists(_ context.Context, name Name) (bool, error) {
	found, err := m.findBridge(name)
	return found != nil, err
}

func (m *Manager) findBridge(name Name) (*netlink.Bridge, error) {
	found, err := m.find(name)
	if err != nil || found == nil {
		return nil, err
	}
	bridge, ok := found.(*netlink.Bridge)
	if !ok {
		return nil, fmt.Errorf("link %s of kind %s %w", name, found.Type(), ErrNotBridge)
	}
	return bridge, nil
}

// EnsureBridge makes the bridge, or completes it where a part is missing. It
// fails with ErrForeign where a bridge of that name is there that is not ours.
func (m *Manager) EnsureBridge(ctx context.Context, want Bridge) error {
	bridge, err := m.findBridge(want.Name)
	if err != nil {
		return err
	}
	if bridge == nil {
		if bridge, err = m.addBridge(want); err != nil {
			return err
		}
	}
	if !m.isOurs(bridge, want) {
		return fmt.Errorf("bridge %s (%s) %w", want.Name, whose(bridge), ErrForeign)
	}
	if alias := m.bridgeAlias(want); bridge.Alias != alias {
		if err := m.handle.LinkSetAlias(bridge, alias); err != nil {
			return fmt.Errorf("naming the owner of bridge %s: %w", want.Name, err)
		}
		if err := fault.Point("link.bridge.named"); err != nil {
			return err
		}
	}
	if want.MTU != 0 && bridge.MTU != want.MTU {
		if err := m.handle.LinkSetMTU(bridge, want.MTU); err != nil {
			return fmt.Errorf("setting MTU %d on bridge %s: %w", want.MTU, want.Name, err)
		}
		if err := fault.Point("link.bridge.mtu"); err != nil {
			return err
		}
	}
	if err := setBridgeIPv6(want); err != nil {
		return err
	}
	for _, gateway := range want.Gateways {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.addGateway(bridge, gateway); err != nil {
			return err
		}
		if err := fault.Point("link.bridge.address"); err != nil {
			return err
		}
	}
	if err := m.handle.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("bringing bridge %s up: %w", want.Name, err)
	}
	return fault.Point("link.bridge.up")
}

// isOurs reports whether the bridge was made for this network: its alias says so,
// or it has no alias yet, as its making was cut short, but the MAC chosen for it.
func (m *Manager) isOurs(bridge *netlink.Bridge, want Bridge) bool {
	if bridge.Alias == "" {
		return bridge.HardwareAddr.String() == want.MAC.String()
	}
	found, ok := m.parseBridgeAlias(bridge.Alias)
	return ok && found.Network == want.Network
}

func (m *Manager) addBridge(want Bridge) (*netlink.Bridge, error) {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = string(want.Name)
	attributes.HardwareAddr = want.MAC.hardware()
	if err := fault.Point("link.bridge.add"); err != nil {
		return nil, err
	}
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := m.handle.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("making bridge %s: %w", want.Name, err)
	}
	if err := fault.Point("link.bridge.added"); err != nil {
		return nil, err
	}
	if bridge.Index == 0 { // which the library has asked for
		return nil, fmt.Errorf("bridge %s is gone as soon as it was made", want.Name)
	}
	return bridge, nil
}

// addGateway puts the address on the bridge unless it is there. Duplicate
// address detection is off for it: it would keep the gateway unusable until the
// first port is up.
func (m *Manager) addGateway(bridge *netlink.Bridge, gateway netip.Prefix) error {
	address := &netlink.Addr{IPNet: ipNet(gateway)}
	if gateway.Addr().Is6() {
		address.Flags = noDuplicateAddressDetection
	}
	if err := m.handle.AddrReplace(bridge, address); err != nil {
		return fmt.Errorf("adding gateway %s to bridge %s: %w", gateway, bridge.Name, err)
	}
	return nil
}

// RaiseBridge brings up a bridge that somebody else made, changes nothing else
// of it, and returns its MAC.
func (m *Manager) RaiseBridge(_ context.Context, name Name) (MAC, error) {
	bridge, err := m.findBridge(name)
	if err != nil {
		return MAC{}, err
	}
	if bridge == nil {
		return MAC{}, fmt.Errorf("bridge %s, which was there when the network was created, is gone", name)
	}
	var mac MAC
	copy(mac[:], bridge.HardwareAddr)
	if bridge.Flags&netFlagUp != 0 {
		return mac, nil
	}
	if err := m.handle.LinkSetUp(bridge); err != nil {
		return MAC{}, fmt.Errorf("bringing bridge %s up: %w", name, err)
	}
	if err := fault.Point("link.bridge.raised"); err != nil {
		return MAC{}, err
	}
	m.log.WithFields(logrus.Fields{"bridge": name}).Warn("bridge was down and has been brought up")
	return mac, nil
}
