package iptables

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// heldAddresses are local destinations that the packet filter cannot forward:
// the held sockets do.
var heldAddresses = map[bool][]string{
	false: {"127.0.0.0/8"},
	true:  {"::1/128", "fe80::/10"},
}

// published forwards what is sent to host ports. Only what is addressed to the
// host itself is: a packet in transit to the same port keeps its way.
func (w writer) published(networks []firewall.NetworkState) {
	var mappings []hostport.Mapping
	bridges := map[netip.Addr]link.Name{}
	homes := map[netip.Addr][]link.Name{}
	for _, network := range networks {
		for _, endpoint := range network.Endpoints {
			for _, m := range endpoint.Ports {
				if !network.Internal && network.Forwards(m) && m.Container.Addr().Is6() == w.ipv6 {
					mappings = append(mappings, m)
					bridges[m.Container.Addr()] = network.Bridge
					homes[m.Container.Addr()] = endpoint.Homes
				}
			}
		}
	}
	if len(mappings) == 0 {
		return
	}
	w.add("nat", "PUBLISHED", "-m addrtype ! --dst-type LOCAL -j RETURN")
	for _, held := range heldAddresses[w.ipv6] {
		w.add("nat", "PUBLISHED", "-d %s -j RETURN", held)
	}
	// What comes from the network itself is left to the held socket: forwarded back
	// to where it came from, it would be dropped by the bridge, or be answered past
	// the host.
	for _, ports := range joined(mappings) {
		for _, home := range homes[ports.Container.Addr()] {
			w.add("nat", "PUBLISHED", "%s-i %s %s -j RETURN", ports.host(), home, ports.match())
		}
		from := "! -i " + string(bridges[ports.Container.Addr()])
		w.add("nat", "PUBLISHED", "%s%s %s -j DNAT --to-destination %s", ports.host(), from, ports.match(), ports.destination())
	}
}

// answering leaves what goes to a network whose gateway is the host its own source
// address: answers come back this way.
func (w writer) answering(network firewall.Network) {
	if subnet, ok := w.subnet(network); ok && subnet.OwnGateway && !network.Internal {
		w.add("nat", "POSTROUTING", "-o %s -j RETURN", network.Bridge)
	}
}

// translated gives what leaves the network the host's address.
func (w writer) translated(network firewall.Network) {
	subnet, ok := w.subnet(network)
	if !ok || !subnet.Mode.Translates() || network.Internal || !network.Masquerade {
		return
	}
	target := "MASQUERADE"
	if subnet.Source.IsValid() {
		target = "SNAT --to-source " + subnet.Source.String()
	}
	w.add("nat", "POSTROUTING", "-s %s ! -o %s -j %s", subnet.Prefix.Masked(), network.Bridge, target)
}

// ports are a mapping, or those of consecutive host ports to the same ports of
// the container.
type ports struct {
	hostport.Mapping
	// last is the last host port.
	last uint16
}

// joined returns the mappings in the order of their rules, with as few rules as
// ranges allow. The highest host addresses come first, and so the unspecified
// ones last: a mapping on one address wins over one on all.
func joined(mappings []hostport.Mapping) []ports {
	slices.SortFunc(mappings, func(a, b hostport.Mapping) int {
		return cmp.Or(
			b.Host.Addr().Compare(a.Host.Addr()),
			cmp.Compare(a.Protocol, b.Protocol),
			a.Container.Addr().Compare(b.Container.Addr()),
			cmp.Compare(a.Host.Port(), b.Host.Port()),
			cmp.Compare(a.Container.Port(), b.Container.Port()),
		)
	})
	var all []ports
	for _, m := range slices.Compact(mappings) {
		if n := len(all); n > 0 && all[n-1].goesOnWith(m) {
			all[n-1].last++
			continue
		}
		all = append(all, ports{m, m.Host.Port()})
	}
	return all
}

func (p ports) goesOnWith(m hostport.Mapping) bool {
	next := hostport.Mapping{
		Protocol:  p.Protocol,
		Host:      netip.AddrPortFrom(p.Host.Addr(), p.last+1),
		Container: netip.AddrPortFrom(p.Container.Addr(), p.last+1),
	}
	return p.Host.Port() == p.Container.Port() && m == next
}

// match is what matches a packet to the ports.
func (p ports) match() string {
	match := fmt.Sprintf("-p %[1]s -m %[1]s --dport %[2]d", p.Protocol, p.Host.Port())
	if p.last > p.Host.Port() {
		match += fmt.Sprintf(":%d", p.last)
	}
	return match
}

// host is what matches a packet to the address, nothing where that may be any.
func (p ports) host() string {
	host := p.Host.Addr()
	if host.IsUnspecified() {
		return ""
	}
	return fmt.Sprintf("-d %s ", netip.PrefixFrom(host, host.BitLen()))
}

// destination names no port for a range: each packet keeps its own.
func (p ports) destination() string {
	if p.last > p.Host.Port() {
		return p.Container.Addr().String()
	}
	return p.Container.String()
}
