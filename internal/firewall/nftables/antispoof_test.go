package nftables

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// floating is an address that nobody holds.
var floating = addr("192.0.2.50")

// TestAntispoof sends frames through a bridge and looks which come out at the
// other end.
func TestAntispoof(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	w := segment(t)
	own, other, router := sender.MAC, victim.MAC, plain.BridgeMAC
	const (
		arpType, ip4Type, ip6Type = unix.ETH_P_ARP, unix.ETH_P_IP, unix.ETH_P_IPV6
		vlan, stacked             = unix.ETH_P_8021Q, unix.ETH_P_8021AD
	)
	spoofedARP := ethernet(own, arpType, arp(own, victim.Addresses[0]))
	tests := []struct {
		name  string
		frame []byte
		spoof bool
	}{
		{"own ARP", ethernet(own, arpType, arp(own, sender.Addresses[0])), false},
		{"own IPv4", ethernet(own, ip4Type, ipv4(sender.Addresses[0])), false},
		{"own IPv6", ethernet(own, ip6Type, ipv6(sender.Addresses[1])), false},
		{"own link-local address", ethernet(own, ip6Type, ipv6(linkLocal(own))), false},
		{"own neighbour advertisement", ethernet(own, ip6Type, ipv6(sender.Addresses[1], nd(136, sender.Addresses[1])...)), false},
		{"ARP probe", ethernet(own, arpType, arp(own, netip.IPv4Unspecified())), false},
		{"own ARP in a VLAN", tagged(ethernet(own, arpType, arp(own, sender.Addresses[0])), vlan), false},
		{"floating ARP", ethernet(own, arpType, arp(own, floating)), false},
		{"floating IPv4", ethernet(own, ip4Type, ipv4(floating)), false},
		{"floating MAC address", ethernet(link.MAC{2, 0, 0, 0, 0, 0xf}, ip4Type, ipv4(floating)), false},

		{"victim's MAC address", ethernet(other, ip4Type, ipv4(sender.Addresses[0])), true},
		{"bridge's MAC address", ethernet(router, ip4Type, ipv4(sender.Addresses[0])), true},
		{"victim's MAC address in ARP", ethernet(own, arpType, arp(other, sender.Addresses[0])), true},
		{"victim's address in ARP", spoofedARP, true},
		{"gateway's address in ARP", ethernet(own, arpType, arp(own, addr("192.0.2.1"))), true},
		{"victim's address in ARP in VLAN 0", tagged(spoofedARP, vlan), true},
		{"victim's address in ARP behind two tags", tagged(spoofedARP, vlan, vlan), true},
		{"victim's address in ARP behind three tags", tagged(spoofedARP, vlan, vlan, vlan), true},
		{"victim's address in ARP behind stacked tags", tagged(spoofedARP, stacked, stacked), true},
		{"victim's IPv4", ethernet(own, ip4Type, ipv4(victim.Addresses[0])), true},
		{"victim's IPv4 in VLAN 0", tagged(ethernet(own, ip4Type, ipv4(victim.Addresses[0])), vlan), true},
		{"gateway's IPv4", ethernet(own, ip4Type, ipv4(addr("192.0.2.1"))), true},
		{"victim's IPv6", ethernet(own, ip6Type, ipv6(victim.Addresses[1])), true},
		{"victim's link-local address", ethernet(own, ip6Type, ipv6(linkLocal(other))), true},
		{"bridge's link-local address", ethernet(own, ip6Type, ipv6(linkLocal(router))), true},
		{"victim's address in a neighbour advertisement", ethernet(own, ip6Type, ipv6(sender.Addresses[1], nd(136, victim.Addresses[1])...)), true},
		{"the same in VLAN 0", tagged(ethernet(own, ip6Type, ipv6(sender.Addresses[1], nd(136, victim.Addresses[1])...)), vlan), true},
		{"router advertisement", ethernet(own, ip6Type, ipv6(linkLocal(own), nd(134, sender.Addresses[1])...)), true},
		{"redirect", ethernet(own, ip6Type, ipv6(linkLocal(own), nd(137, sender.Addresses[1])...)), true},
	}
	for _, antispoof := range []bool{false, true} {
		n := plain
		n.Antispoof = antispoof
		must(t, f.Restore(t.Context(), firewall.State{Networks: []firewall.NetworkState{{Network: n, Endpoints: []firewall.Endpoint{sender, victim}}}}))
		for _, test := range tests {
			want := !antispoof || !test.spoof
			if got := w.arrives(t, test.frame); got != want {
				t.Errorf("antispoof %t, %s: arrived %t, want %t", antispoof, test.name, got, want)
			}
		}
	}
}
