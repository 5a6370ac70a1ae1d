// Package firewall says what networks and endpoints need of the host's packet
// filter. Its sub-packages turn that into rules, each by one function of what
// stands here, and apply them. Both give it the same meaning:
//
//   - Neighbours on one bridge reach each other, unless NoICC is set.
//   - An internal network exchanges no packet with anything but the addresses of
//     its own bridge.
//   - From elsewhere into a network: answers; what was sent to a published host
//     port; in mode nat-unprotected all; in mode routed ICMP and the endpoints'
//     open ports; from trusted interfaces open ports too. All else is dropped,
//     whatever anybody else's rules accept.
//   - Out of a network: all, but not into a bridge of the engine's own, unless to
//     a port published there.
//   - What leaves a network gets the host's address, where the network
//     masquerades and its subnet's mode is nat or nat-unprotected; but not what
//     goes to another network of ours whose gateway is the host.
//   - What a container sends to a host port that it, or a neighbour on one of its
//     networks, publishes is left to the socket that holds the port.
//   - With Antispoof no endpoint sends with the MAC, or with an address in ARP,
//     neighbour discovery or as an IP source, that belongs to another endpoint or
//     to the gateway, nor says that it is a router (router advertisements,
//     redirects). What belongs to nobody may be used.
package firewall

import (
	"fmt"
	"net/netip"
	"slices"

	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// Mode says how a subnet's containers meet the world outside, by the names of the
// engine's option com.docker.network.bridge.gateway_mode_ipv4 (engine 28).
type Mode string

const (
	// NAT forwards published ports, and nothing else comes in.
	NAT Mode = "nat"
	// NATUnprotected also lets all in that is sent to a container's own address.
	NATUnprotected Mode = "nat-unprotected"
	// Routed translates no address; published ports are reached at the
	// container's own address.
	Routed Mode = "routed"
	// Isolated is a network on whose bridge the host has no address.
	Isolated Mode = "isolated"
)

// Modes are all modes.
func Modes() []Mode { return []Mode{NAT, NATUnprotected, Routed, Isolated} }

// ParseMode returns s as a Mode. The field's name goes into the error.
func ParseMode(field, s string) (Mode, error) {
	if mode := Mode(s); slices.Contains(Modes(), mode) {
		return mode, nil
	}
	return "", fmt.Errorf("%s is %q: allowed are %s, %s, %s and %s", field, s, NAT, NATUnprotected, Routed, Isolated)
}

// Translates reports whether addresses are translated in this mode.
func (m Mode) Translates() bool { return m == NAT || m == NATUnprotected }

// Subnet is a network's subnet of one family.
type Subnet struct {
	Prefix netip.Prefix
	// Gateway is the gateway's address, whoever has it; zero where there is none.
	Gateway netip.Addr
	// OwnGateway says that the host is the gateway: what containers answer comes
	// by here.
	OwnGateway bool
	Mode       Mode
	// Source is the address that packets get which leave the network; zero for
	// that of the link they leave by.
	Source netip.Addr
}

// Network is a network as the packet filter sees it.
type Network struct {
	// ID is the engine's.
	ID     string
	Bridge link.Name
	// Foreign says that the bridge was there before the network.
	Foreign bool
	// BridgeMAC is zero where it is not known.
	BridgeMAC link.MAC
	// Subnets are the network's, at most one a family. Without any the network is
	// a plain layer 2 segment, about which the filter has nothing to say but that
	// neighbours reach each other.
	Subnets    []Subnet
	Masquerade bool
	Internal   bool
	// NoICC keeps endpoints from reaching each other, but for published ports.
	// Bridged frames are the links' part; what is routed back is the filter's.
	NoICC     bool
	Antispoof bool
	// TrustedInterfaces are host interfaces from which open ports are reached at
	// the containers' own addresses.
	TrustedInterfaces []link.Name
	// DirectRouting trusts all interfaces in that sense.
	DirectRouting bool
}

// SubnetOf returns the subnet that the address is in.
func (n Network) SubnetOf(a netip.Addr) (Subnet, bool) {
	for _, subnet := range n.Subnets {
		if subnet.Prefix.Contains(a) {
			return subnet, true
		}
	}
	return Subnet{}, false
}

// Forwards reports whether the packet filter forwards the mapping's host port. It
// leaves to the held socket what it cannot: ports on the loopback, on link-local
// addresses of IPv6, and those of the other address family.
func (n Network) Forwards(m hostport.Mapping) bool {
	host := m.Host.Addr()
	subnet, ok := n.SubnetOf(m.Container.Addr())
	held := host.IsLoopback() || host.Is6() && host.IsLinkLocalUnicast()
	return ok && !n.Internal && subnet.Mode.Translates() && host.IsValid() && host.Is4() == m.Container.Addr().Is4() && !held
}

// Opens reports whether who may go to containers' own addresses reaches the
// mapping's port there. One that is published on the loopback alone is the host's.
func (n Network) Opens(m hostport.Mapping) bool {
	onLoopback := m.Host.IsValid() && m.Host.Addr().IsLoopback()
	return !n.Internal && !onLoopback
}

// Endpoint is an endpoint as the packet filter sees it.
type Endpoint struct {
	// ID is the engine's.
	ID string
	// Link is the bridge's end of the veth pair.
	Link link.Name
	// MAC is the container's; zero where it is not known.
	MAC link.MAC
	// Addresses are the container's, at most one a family.
	Addresses []netip.Addr
	// Ports are published, in any order, without duplicates.
	Ports []hostport.Mapping
	// Homes are the bridges of the other networks that its container is on.
	Homes []link.Name
}

// NetworkState is a network with its endpoints.
type NetworkState struct {
	Network
	Endpoints []Endpoint
}

// State is all that the packet filter is to do.
type State struct {
	Networks []NetworkState
	// EngineBridges are the bridges of the engine's own driver.
	EngineBridges []link.Name
}
