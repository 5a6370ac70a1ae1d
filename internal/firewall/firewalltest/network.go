package firewalltest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// network is a network of the plugin's with its containers.
type network struct {
	// number goes into all addresses: 192.168.1.0/24, fd00:1::/64 and 02:00:00:00:01:…
	number     int
	name       string
	containers []string
	// configure makes it other than an ordinary one, which masquerades.
	configure func(n *firewall.Network)
}

// family chooses one of a pair of addresses.
type family int

const (
	ipv4 family = iota
	ipv6
)

func (f family) String() string { return [...]string{"IPv4", "IPv6"}[f] }

// addresses are a name's, by family.
type addresses [2]netip.Addr

func addressPair(v4, v6 string) addresses {
	return addresses{netip.MustParseAddr(v4), netip.MustParseAddr(v6)}
}

// bits are the lengths of the prefixes of all networks here.
var bits = [...]int{ipv4: 24, ipv6: 64}

// address is that of a host in the network.
func (n network) address(host int) addresses {
	return addressPair(fmt.Sprintf("192.168.%d.%d", n.number, host), fmt.Sprintf("fd00:%d::%d", n.number, host))
}

func (n network) mac(host int) link.MAC { return link.MAC{2, 0, 0, 0, byte(n.number), byte(host)} }

func (n network) link(host int) link.Name { return link.Name(fmt.Sprintf("mbv%d-%d", n.number, host)) }

// The hosts in a network, by the last number of their addresses.
const (
	gatewayHost = 1
	// bridgeHost is this host where it is not the gateway.
	bridgeHost     = 5
	firstContainer = 10
)

// state is the network as a back end is told it.
func (n network) state() firewall.NetworkState {
	return firewall.NetworkState{Network: n.settings(), Endpoints: n.endpoints()}
}

func (n network) settings() firewall.Network {
	settings := firewall.Network{
		ID:         identifier(n.name),
		Bridge:     link.Name("mb-" + n.name),
		BridgeMAC:  n.mac(gatewayHost),
		Masquerade: true,
		Antispoof:  true,
	}
	for f, gateway := range n.address(gatewayHost) {
		settings.Subnets = append(settings.Subnets, firewall.Subnet{
			Prefix:     netip.PrefixFrom(gateway, bits[f]).Masked(),
			Gateway:    gateway,
			OwnGateway: true,
			Mode:       firewall.NAT,
		})
	}
	if n.configure != nil {
		n.configure(&settings)
	}
	return settings
}

func (n network) endpoints() []firewall.Endpoint {
	var endpoints []firewall.Endpoint
	for i, name := range n.containers {
		endpoint := firewall.Endpoint{
			ID:    identifier(name),
			Link:  n.link(firstContainer + i),
			MAC:   n.mac(firstContainer + i),
			Homes: homes[name],
		}
		for f, address := range n.address(firstContainer + i) {
			endpoint.Addresses = append(endpoint.Addresses, address)
			endpoint.Ports = append(endpoint.Ports, mappings(name, address, family(f))...)
		}
		endpoints = append(endpoints, endpoint)
	}
	return endpoints
}

// mappings are what the container publishes in the family.
func mappings(container string, address netip.Addr, f family) []hostport.Mapping {
	var mappings []hostport.Mapping
	for _, p := range publications {
		if p.container == container {
			mappings = append(mappings, p.mapping(address, f))
		}
	}
	return mappings
}

func (p publication) mapping(container netip.Addr, f family) hostport.Mapping {
	mapping := hostport.Mapping{Protocol: p.protocol, Container: netip.AddrPortFrom(container, p.containerPort)}
	if p.host != ownAddress {
		mapping.Host = netip.AddrPortFrom(hostAddresses[p.host][f], p.hostPort)
	}
	return mapping
}

// identifier looks like an engine's: 64 hexadecimal digits.
func identifier(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// inMode puts both families of a network into the mode.
func inMode(mode firewall.Mode) func(*firewall.Network) {
	return func(n *firewall.Network) {
		for i := range n.Subnets {
			n.Subnets[i].Mode = mode
		}
	}
}
