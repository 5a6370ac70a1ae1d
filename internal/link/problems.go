package link

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// The problems of a pair that is not there, and of one whose making was cut short,
// or that somebody has taken the alias from: they are made again.
const (
	Gone     = "is gone"
	HalfMade = "has no alias"
)

// OtherMAC is the problem of a bridge that somebody else made, and made again.
const OtherMAC = "has another MAC"

// Problems says what is wrong with the links, by their names: nothing where all is
// as Ensure left it. It changes nothing, and looks once at all links there are.
func (m *Manager) Problems(_ context.Context, bridges []Bridge, veths []Veth) (map[Name]string, error) {
	wanted := map[Name]bool{}
	for _, b := range bridges {
		wanted[b.Name] = true
	}
	for _, v := range veths {
		wanted[v.Name], wanted[v.Bridge] = true, true
	}
	links, err := m.listLinks(withoutStatistics, func(l netlink.Link) bool { return wanted[Name(l.Attrs().Name)] })
	if err != nil {
		return nil, err
	}
	there := map[Name]netlink.Link{}
	for _, l := range links {
		there[Name(l.Attrs().Name)] = l
	}
	addresses, err := m.addressesByLink()
	if err != nil {
		return nil, err
	}
	problems := map[Name]string{}
	note := func(name Name, problem string) {
		if problem != "" {
			problems[name] = problem
		}
	}
	for _, want := range bridges {
		note(want.Name, m.bridgeProblem(want, there[want.Name], addresses))
	}
	for _, want := range veths {
		note(want.Name, m.vethProblem(want, there[want.Name], there[want.Bridge]))
	}
	return problems, nil
}

func (m *Manager) addressesByLink() (map[int][]netip.Prefix, error) {
	list, err := m.listAddresses(nil)
	if err != nil {
		return nil, err
	}
	addresses := map[int][]netip.Prefix{}
	for _, a := range list {
		if prefix, ok := fromIPNet(a.IPNet); ok {
			addresses[a.LinkIndex] = append(addresses[a.LinkIndex], prefix)
		}
	}
	return addresses, nil
}

func (m *Manager) bridgeProblem(want Bridge, found netlink.Link, addresses map[int][]netip.Prefix) string {
	bridge, isBridge := found.(*netlink.Bridge)
	switch {
	case found == nil:
		return Gone
	case !isBridge || !want.Foreign && !m.isOurs(bridge, want):
		return "is not ours any more"
	case bridge.Flags&netFlagUp == 0:
		return "is down"
	case want.Foreign && !want.MAC.IsZero() && bridge.HardwareAddr.String() != want.MAC.String():
		return OtherMAC
	case want.Foreign:
		return ""
	case bridge.Alias != m.bridgeAlias(want):
		return "has lost its alias"
	case want.MTU != 0 && bridge.MTU != want.MTU:
		return fmt.Sprintf("has MTU %d, not %d", bridge.MTU, want.MTU)
	}
	for _, gateway := range want.Gateways {
		if !slices.Contains(addresses[bridge.Index], gateway) {
			return "has lost its address " + gateway.String()
		}
	}
	return ""
}

func (m *Manager) vethProblem(want Veth, found, bridge netlink.Link) string {
	switch {
	case found == nil:
		return Gone
	case isHalfMade(found):
		return HalfMade
	case !m.isEndpoints(found, want):
		return "is not ours any more"
	case bridge == nil || found.Attrs().MasterIndex != bridge.Attrs().Index:
		return "is no port of bridge " + string(want.Bridge)
	case found.Attrs().Flags&netFlagUp == 0:
		return "is down"
	}
	return ""
}

// ReattachVeth makes the bridge's end of a pair that is there a port of its bridge
// again, and brings it up.
func (m *Manager) ReattachVeth(_ context.Context, want Veth) error {
	found, err := m.find(want.Name)
	if err != nil {
		return err
	}
	if found == nil || !m.isEndpoints(found, want) {
		return fmt.Errorf("link %s of endpoint %.12s is gone", want.Name, want.Endpoint)
	}
	bridge, err := m.findBridge(want.Bridge)
	if err != nil {
		return err
	}
	if bridge == nil {
		return fmt.Errorf("bridge %s is gone", want.Bridge)
	}
	if err := m.handle.LinkSetMaster(found, bridge); err != nil {
		return fmt.Errorf("making link %s a port of bridge %s: %w", want.Name, want.Bridge, err)
	}
	if want.Isolated {
		if err := m.handle.LinkSetIsolated(found, true); err != nil {
			return fmt.Errorf("isolating port %s: %w", want.Name, err)
		}
	}
	if err := m.handle.LinkSetUp(found); err != nil {
		return fmt.Errorf("bringing link %s up: %w", want.Name, err)
	}
	return nil
}

// ForwardingOff reports whether the host does not forward packets of the family,
// and the name of the setting.
func (m *Manager) ForwardingOff(_ context.Context, ipv6 bool) (off bool, setting string, err error) {
	path := forwardingIPv4
	if ipv6 {
		path = forwardingIPv6
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return false, "", fmt.Errorf("reading whether the host forwards packets: %w", err)
	}
	name := strings.ReplaceAll(strings.TrimPrefix(path, "/proc/sys/"), "/", ".")
	return strings.TrimSpace(string(value)) == "0", name, nil
}
