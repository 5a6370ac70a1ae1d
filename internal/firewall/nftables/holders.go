package nftables

import (
	"net/netip"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// gatewayElements are what the bridge holds, so that no endpoint sends it.
func gatewayElements(n firewall.Network) []element {
	if !n.Antispoof {
		return nil
	}
	elements := heldMACElements(n.BridgeMAC)
	for _, subnet := range n.Subnets {
		if !subnet.Gateway.IsValid() {
			continue
		}
		for _, address := range withLinkLocal(subnet.Gateway, n.BridgeMAC) {
			elements = append(elements, heldAddressElement(address))
		}
	}
	return elements
}

// holderElements are what the endpoint holds, and what it alone may send.
func holderElements(n firewall.Network, e firewall.Endpoint) []element {
	if !n.Antispoof {
		return nil
	}
	port := interfaceName(e.Link)
	elements := append([]element{newElement(ports, port)}, heldMACElements(e.MAC)...)
	if !e.MAC.IsZero() {
		elements = append(elements, newElement(ownMAC, port, e.MAC[:]))
	}
	for _, held := range e.Addresses {
		for _, address := range withLinkLocal(held, e.MAC) {
			own := pair{ownIPv4, ownIPv6}.of(address)
			elements = append(elements, heldAddressElement(address), newElement(own, port, address.AsSlice()))
		}
	}
	return elements
}

func heldMACElements(mac link.MAC) []element {
	if mac.IsZero() {
		return nil
	}
	return []element{newElement(heldMAC, mac[:])}
}

func heldAddressElement(address netip.Addr) element {
	return newElement(pair{heldIPv4, heldIPv6}.of(address), address.AsSlice())
}

// withLinkLocal is the address and, with an IPv6 address, the link-local one that
// the kernel makes of the MAC address.
func withLinkLocal(address netip.Addr, mac link.MAC) []netip.Addr {
	if address.Is4() || mac.IsZero() {
		return []netip.Addr{address}
	}
	return []netip.Addr{address, linkLocal(mac)}
}

// linkLocal is fe80::/64 with the interface identifier of the MAC address (RFC
// 4291, appendix A: modified EUI-64).
func linkLocal(mac link.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{
		0: 0xfe, 1: 0x80,
		8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5],
	})
}
