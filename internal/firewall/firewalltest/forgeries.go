package firewalltest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mybridge/internal/link"
)

// forgery is a frame that the attacker sends to the victim.
type forgery struct {
	question string
	// arguments are those of probe spoof, with the network's words.
	arguments string
	arrives   bool
}

const (
	passes  = true
	dropped = false
)

// forgeries are all kinds, and whether they pass where Antispoof is set.
var forgeries = []forgery{
	{"its own IPv4 address", "echo ATTACKER4 VICTIM4", passes},
	{"its own IPv6 address", "echo ATTACKER6 VICTIM6", passes},
	{"its own link-local address", "echo ATTACKER-LOCAL VICTIM-LOCAL", passes},
	{"its own address in ARP", "arp ATTACKER4 ATTACKER-MAC VICTIM4", passes},
	{"its own address advertised", "advertise ATTACKER6 VICTIM6 ATTACKER6 ATTACKER-MAC", passes},
	{"nobody's IPv4 address", "echo FREE4 VICTIM4", passes},
	{"nobody's IPv6 address", "echo FREE6 VICTIM6", passes},
	{"nobody's address in ARP", "arp FREE4 ATTACKER-MAC VICTIM4", passes},
	{"nobody's address advertised", "advertise ATTACKER6 VICTIM6 FREE6 ATTACKER-MAC", passes},
	{"nobody's MAC", "-mac FREE-MAC echo ATTACKER4 VICTIM4", passes},
	{"no address in ARP, as it looks for a free one", "arp 0.0.0.0 ATTACKER-MAC VICTIM4", passes},

	{"the gateway's address in ARP", "arp GATEWAY4 ATTACKER-MAC VICTIM4", dropped},
	{"the neighbour's address in ARP", "arp NEIGHBOUR4 ATTACKER-MAC VICTIM4", dropped},
	{"the neighbour's address in ARP, tagged", "-tags 1 arp NEIGHBOUR4 ATTACKER-MAC VICTIM4", dropped},
	{"the neighbour's address in ARP, tagged twice", "-tags 2 arp NEIGHBOUR4 ATTACKER-MAC VICTIM4", dropped},
	{"the gateway's MAC in ARP", "arp ATTACKER4 GATEWAY-MAC VICTIM4", dropped},
	{"the neighbour's MAC in ARP", "arp ATTACKER4 NEIGHBOUR-MAC VICTIM4", dropped},

	{"the gateway's address advertised", "advertise ATTACKER6 VICTIM6 GATEWAY6 ATTACKER-MAC", dropped},
	{"the gateway's link-local address advertised", "advertise ATTACKER6 VICTIM6 GATEWAY-LOCAL ATTACKER-MAC", dropped},
	{"the neighbour's address advertised", "advertise ATTACKER6 VICTIM6 NEIGHBOUR6 ATTACKER-MAC", dropped},
	{"the neighbour's address advertised, tagged", "-tags 1 advertise ATTACKER6 VICTIM6 NEIGHBOUR6 ATTACKER-MAC", dropped},

	{"the gateway's IPv4 address", "echo GATEWAY4 VICTIM4", dropped},
	{"the gateway's IPv6 address", "echo GATEWAY6 VICTIM6", dropped},
	{"the gateway's link-local address", "echo GATEWAY-LOCAL VICTIM-LOCAL", dropped},
	{"the neighbour's IPv4 address", "echo NEIGHBOUR4 VICTIM4", dropped},
	{"the neighbour's IPv4 address, tagged", "-tags 1 echo NEIGHBOUR4 VICTIM4", dropped},
	{"the neighbour's IPv4 address, tagged twice", "-tags 2 echo NEIGHBOUR4 VICTIM4", dropped},
	{"the neighbour's IPv6 address", "echo NEIGHBOUR6 VICTIM6", dropped},
	{"the neighbour's IPv6 address, tagged", "-tags 1 echo NEIGHBOUR6 VICTIM6", dropped},
	{"the neighbour's link-local address", "echo NEIGHBOUR-LOCAL VICTIM-LOCAL", dropped},
	{"the victim's own address", "echo VICTIM4 VICTIM4", dropped},

	// Last, as the bridge learns from them where to send others' frames.
	{"the gateway's MAC", "-mac GATEWAY-MAC echo ATTACKER4 VICTIM4", dropped},
	{"the neighbour's MAC", "-mac NEIGHBOUR-MAC echo ATTACKER4 VICTIM4", dropped},
	{"the neighbour's MAC, tagged", "-tags 1 -mac NEIGHBOUR-MAC echo ATTACKER4 VICTIM4", dropped},
}

// forgeriesWithoutNeighbour are for when its endpoint is removed: then what it
// held is nobody's.
var forgeriesWithoutNeighbour = []forgery{
	{"the former neighbour's IPv4 address", "echo NEIGHBOUR4 VICTIM4", passes},
	{"the former neighbour's IPv6 address", "echo NEIGHBOUR6 VICTIM6", passes},
	{"the former neighbour's address in ARP", "arp NEIGHBOUR4 ATTACKER-MAC VICTIM4", passes},
	{"the gateway's address in ARP", "arp GATEWAY4 ATTACKER-MAC VICTIM4", dropped},
}

// allArrive are the forgeries where nobody looks at them.
func allArrive(forgeries []forgery) []forgery {
	arriving := slices.Clone(forgeries)
	for i := range arriving {
		arriving[i].arrives = true
	}
	return arriving
}

// words put the network's addresses in the place of GATEWAY4, GATEWAY6,
// GATEWAY-MAC, GATEWAY-LOCAL and so on.
func (n network) words() *strings.Replacer {
	var pairs []string
	for word, host := range map[string]int{
		"GATEWAY": gatewayHost, "VICTIM": victim, "NEIGHBOUR": neighbour, "ATTACKER": attacker, "FREE": free,
	} {
		address, mac := n.address(host), n.mac(host)
		pairs = append(pairs,
			word+"4", address[ipv4].String(),
			word+"6", address[ipv6].String(),
			word+"-MAC", mac.String(),
			word+"-LOCAL", linkLocal(mac).String())
	}
	return strings.NewReplacer(pairs...)
}

// linkLocal is the address that the kernel derives of a MAC (RFC 4291, appendix A).
func linkLocal(mac link.MAC) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("fe80::%02x%02x:%02xff:fe%02x:%02x%02x",
		mac[0]^2, mac[1], mac[2], mac[3], mac[4], mac[5]))
}
