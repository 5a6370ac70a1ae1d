package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"mybridge/internal/fault"
	"mybridge/internal/hostport"
)

// flowFilter chooses what is forgotten of the kernel's connection tracking.
type flowFilter func(flow *netlink.ConntrackFlow) bool

// MatchConntrackFlow reports whether the flow is to be forgotten.
func (f flowFilter) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool { return f(flow) }

// ForgetAddresses removes what the kernel remembers of connections from and to
// the addresses, which are containers': who has the address next is not mixed up
// with who had it. What the kernel remembers is listed once a family, however many
// addresses there are.
func (m *Manager) ForgetAddresses(_ context.Context, addresses []netip.Addr) error {
	byFamily := map[netlink.InetFamily]map[netip.Addr]bool{}
	for _, address := range addresses {
		family := familyOf(address)
		if byFamily[family] == nil {
			byFamily[family] = map[netip.Addr]bool{}
		}
		byFamily[family][address] = true
	}
	var failures []error
	for family, wanted := range byFamily {
		isWanted := func(ip net.IP) bool {
			found, ok := netip.AddrFromSlice(ip)
			return ok && wanted[found.Unmap()]
		}
		failures = append(failures, m.forget(family, func(flow *netlink.ConntrackFlow) bool {
			return slices.ContainsFunc([]net.IP{flow.Forward.SrcIP, flow.Forward.DstIP, flow.Reverse.SrcIP}, isWanted)
		}))
	}
	return errors.Join(failures...)
}

// ForgetPorts removes what the kernel remembers of UDP sent to the mappings' host
// ports: a client that goes on sending would keep the way its first datagram took,
// published or not. TCP needs none of this, as its connections end.
func (m *Manager) ForgetPorts(_ context.Context, mappings []hostport.Mapping) error {
	ports := map[netlink.InetFamily]map[uint16][]netip.AddrPort{}
	for _, mapping := range mappings {
		if mapping.Protocol != hostport.UDP || !mapping.Host.IsValid() || mapping.Host.Addr().IsLoopback() {
			continue
		}
		family := familyOf(mapping.Host.Addr())
		if ports[family] == nil {
			ports[family] = map[uint16][]netip.AddrPort{}
		}
		ports[family][mapping.Host.Port()] = append(ports[family][mapping.Host.Port()], mapping.Host, mapping.Container)
	}
	var failures []error
	for family, ports := range ports {
		failures = append(failures, m.forget(family, m.toPorts(ports)))
	}
	return errors.Join(failures...)
}

// toPorts chooses UDP to the ports that was answered, or is to be answered, by
// the host itself or by the container behind the port: not what only passes by.
func (m *Manager) toPorts(ports map[uint16][]netip.AddrPort) flowFilter {
	return func(flow *netlink.ConntrackFlow) bool {
		if flow.Forward.Protocol != uint8(hostport.UDP) {
			return false
		}
		ends, published := ports[flow.Forward.DstPort]
		return published && slices.ContainsFunc(ends, func(end netip.AddrPort) bool {
			return isAddress(end.Addr())(flow.Reverse.SrcIP) || end.Addr().IsUnspecified() && m.isOwn(flow.Reverse.SrcIP)
		})
	}
}

// isOwn reports whether the host itself has the address.
func (m *Manager) isOwn(ip net.IP) bool {
	routes, err := m.handle.RouteGet(ip)
	return err == nil && len(routes) > 0 && routes[0].Type == routeTypeLocal
}

func (m *Manager) forget(family netlink.InetFamily, wanted flowFilter) error {
	if err := fault.Point("link.forget"); err != nil {
		return err
	}
	if _, err := m.handle.ConntrackDeleteFilters(netlink.ConntrackTable, family, wanted); err != nil {
		return fmt.Errorf("forgetting tracked connections: %w", err)
	}
	return fault.Point("link.forgotten")
}

func familyOf(a netip.Addr) netlink.InetFamily {
	if a.Is6() {
		return netlink.FAMILY_V6
	}
	return netlink.FAMILY_V4
}

func isAddress(a netip.Addr) func(ip net.IP) bool {
	return func(ip net.IP) bool {
		found, ok := netip.AddrFromSlice(ip)
		return ok && found.Unmap() == a
	}
}
