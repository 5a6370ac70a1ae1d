package nftables

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// networkElements are those of a network without its endpoints.
func networkElements(n firewall.Network) []element {
	return append(routingElements(n), gatewayElements(n)...)
}

// endpointElements are those of an endpoint in its network.
func endpointElements(n firewall.Network, e firewall.Endpoint) []element {
	return append(portElements(n, e), holderElements(n, e)...)
}

// routingElements say what passes into the network, and out of it.
func routingElements(n firewall.Network) []element {
	bridge := interfaceName(n.Bridge)
	onBridge := neighbours
	if n.NoICC {
		onBridge = noICC
	}
	elements := []element{newElement(bridges, bridge), newElement(onBridge, bridge, bridge)}
	if n.Internal {
		return append(elements, newElement(internal, bridge))
	}
	if len(n.Subnets) > 0 {
		elements = append(elements, newElement(networks, bridge))
	}
	for _, name := range n.TrustedInterfaces {
		elements = append(elements, newElement(trusted, interfaceName(name), bridge))
	}
	for _, subnet := range n.Subnets {
		elements = append(elements, subnetElements(n, subnet)...)
	}
	return elements
}

func subnetElements(n firewall.Network, subnet firewall.Subnet) []element {
	family, bridge := []byte{familyOf(subnet.Prefix.Addr())}, interfaceName(n.Bridge)
	var elements []element
	if subnet.Mode == firewall.NATUnprotected {
		elements = append(elements, newElement(unprotected, family, bridge))
	}
	if subnet.Mode == firewall.Routed {
		elements = append(elements, newElement(routed, family, bridge))
	}
	if subnet.Mode == firewall.Routed || n.DirectRouting && subnet.Mode.Translates() {
		elements = append(elements, newElement(direct, family, bridge))
	}
	if subnet.OwnGateway {
		elements = append(elements, newElement(answering, family, bridge))
	}
	if translates(n, subnet) {
		elements = append(elements, interval(leaving.of(subnet.Prefix.Addr()), subnet.Prefix, leavingName(n))...)
	}
	return elements
}

// portElements say which ports of the endpoint are reached, and by which of the
// host's.
func portElements(n firewall.Network, e firewall.Endpoint) []element {
	if n.Internal {
		return nil
	}
	var elements []element
	for _, mapping := range e.Ports {
		protocol, container, host := []byte{byte(mapping.Protocol)}, mapping.Container, mapping.Host
		address, port := container.Addr().AsSlice(), portNumber(container.Port())
		if n.Opens(mapping) {
			elements = append(elements, newElement(open.of(container.Addr()), address, protocol, port))
		}
		if !n.Forwards(mapping) {
			continue
		}
		for _, bridge := range append([]link.Name{n.Bridge}, e.Homes...) {
			elements = append(elements, newElement(ownPorts, interfaceName(bridge), protocol, portNumber(host.Port())))
		}
		target := concatenate(address, port)
		if host.Addr().IsUnspecified() {
			elements = append(elements, newElement(published.of(host.Addr()), protocol, portNumber(host.Port())).to(target))
			continue
		}
		elements = append(elements, newElement(publishedAt.of(host.Addr()), host.Addr().AsSlice(), protocol, portNumber(host.Port())).to(target))
	}
	return elements
}

// engineElements are the bridges of the engine's own driver.
func engineElements(names []link.Name) []element {
	var elements []element
	for _, bridge := range names {
		elements = append(elements, newElement(engine, interfaceName(bridge)))
	}
	return elements
}

func newElement(s *set, key ...[]byte) element { return element{set: s, key: concatenate(key...)} }

func (e element) to(value string) element {
	e.value = value
	return e
}

// interval is the prefix in a map of intervals: two elements, or one where there
// is no address behind the prefix.
func interval(s *set, prefix netip.Prefix, value string) []element {
	elements := []element{newElement(s, prefix.Masked().Addr().AsSlice()).to(value)}
	if behind := last(prefix).Next(); behind.IsValid() {
		elements = append(elements, element{set: s, key: string(behind.AsSlice()), end: true})
	}
	return elements
}

// last is the prefix's last address.
func last(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Masked().Addr().AsSlice()
	for bit := prefix.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(bytes) // of a length that it has just had
	return address
}

// concatenate puts the parts of a key or value behind one another, each filled up
// to whole registers; a single part stands as it is.
func concatenate(parts ...[]byte) string {
	if len(parts) == 1 {
		return string(parts[0])
	}
	var key []byte
	for _, part := range parts {
		key = append(key, part...)
		key = append(key, make([]byte, -len(part)&3)...)
	}
	return string(key)
}

func portNumber(port uint16) []byte { return binary.BigEndian.AppendUint16(nil, port) }

func familyOf(address netip.Addr) byte {
	if address.Is4() {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

// interfaceName is the name as the kernel compares it, filled up with zeroes.
func interfaceName(name link.Name) []byte {
	return slices.Concat([]byte(name), make([]byte, unix.IFNAMSIZ-len(name)))
}
