package driver

import (
	"net/netip"

	"mybridge/internal/hostport"
)

// targets are the host addresses on which the port is published, each with the
// container's address behind it. They are those of the engine's own driver: where
// no address is named, all IPv4 addresses for a container with IPv4, and all IPv6
// addresses whatever it has.
func (d *Driver) targets(n *network, endpoint Endpoint, port PortRequest, noIPv6ToIPv4 bool) []hostport.Target {
	host := port.Host
	if !host.IsValid() {
		host = n.HostBinding
	}
	everywhere := !port.Host.IsValid() && (!host.IsValid() || host == netip.IPv4Unspecified())
	ipv4, ipv6 := endpoint.IPv4.Addr(), endpoint.IPv6.Addr()
	var targets []hostport.Target
	add := func(host, container netip.Addr) {
		if !n.subnetOf(container).mode().Translates() {
			return // reached at its own address
		}
		targets = append(targets, hostport.Target{Host: host, Container: netip.AddrPortFrom(container, port.Container)})
	}
	switch {
	case everywhere:
		if ipv4.IsValid() {
			add(netip.IPv4Unspecified(), ipv4)
		}
		if !d.ports.HasIPv6() {
			break
		}
		if ipv6.IsValid() {
			add(netip.IPv6Unspecified(), ipv6)
		} else if ipv4.IsValid() && !noIPv6ToIPv4 {
			add(netip.IPv6Unspecified(), ipv4)
		}
	case host.Is4() && ipv4.IsValid(), host.Is6() && !ipv6.IsValid() && ipv4.IsValid() && !noIPv6ToIPv4:
		add(host, ipv4)
	case ipv6.IsValid():
		add(host, ipv6)
	}
	return targets
}
