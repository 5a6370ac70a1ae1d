package firewalldoc

import (
	"net/netip"
	"strings"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// kind is a kind of network with its page.
type kind struct {
	// page is the file's name without its ending.
	page, title string
	// commands are what a person types for it.
	commands string
	// summary says what the kind is, and what to look at.
	summary string
	state   firewall.State
}

const runWeb = `docker run -d --network shop --name web -p 8080:80 \
    -p 198.51.100.7:8443:443 -p 127.0.0.1:9000:9000 -p 5353:53/udp httpd`

// create is the commands that make the network, with these options besides.
func create(options ...string) string {
	words := append(append([]string{"--subnet 192.0.2.0/24"}, options...), "shop")
	return "docker network create -d mybridge --ipam-driver mybridge \\\n    " + strings.Join(words, " ") + "\n" + runWeb
}

// plain is what the other kinds are compared with: the first kind, without IPv6.
func plain() firewall.State { return shop(func(*firewall.NetworkState) {}) }

// shop is a state of one network, changed from a plain one with a container that
// publishes ports in each way.
func shop(change func(n *firewall.NetworkState)) firewall.State {
	n := firewall.NetworkState{
		Network: firewall.Network{
			ID:         "3f1d0c9a7be21d56a0b94c7f8e2365d1",
			Bridge:     "mb-3f1d0c9a7be2",
			BridgeMAC:  link.MAC{0x02, 0x00, 0x00, 0x00, 0x00, 0x01},
			Masquerade: true,
			Antispoof:  true,
			Subnets:    []firewall.Subnet{subnet("192.0.2.0/24", "192.0.2.1")},
		},
		Endpoints: []firewall.Endpoint{{
			ID:        "8c2a5e417d90b3f6",
			Link:      "mbv8c2a5e417d90",
			MAC:       link.MAC{0x02, 0x00, 0x00, 0x00, 0x00, 0x02},
			Addresses: addresses("192.0.2.2"),
			Ports: []hostport.Mapping{
				mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:80"),
				mapping(hostport.TCP, "[::]:8080", "192.0.2.2:80"),
				mapping(hostport.TCP, "198.51.100.7:8443", "192.0.2.2:443"),
				mapping(hostport.TCP, "127.0.0.1:9000", "192.0.2.2:9000"),
				mapping(hostport.UDP, "0.0.0.0:5353", "192.0.2.2:53"),
				mapping(hostport.UDP, "[::]:5353", "192.0.2.2:53"),
			},
		}},
	}
	change(&n)
	return firewall.State{Networks: []firewall.NetworkState{n}, EngineBridges: []link.Name{"docker0"}}
}

func subnet(prefix, gateway string) firewall.Subnet {
	return firewall.Subnet{
		Prefix: netip.MustParsePrefix(prefix), Gateway: netip.MustParseAddr(gateway), OwnGateway: true, Mode: firewall.NAT,
	}
}

func addresses(all ...string) []netip.Addr {
	var addresses []netip.Addr
	for _, s := range all {
		addresses = append(addresses, netip.MustParseAddr(s))
	}
	return addresses
}

func mapping(protocol hostport.Protocol, host, container string) hostport.Mapping {
	return hostport.Mapping{Protocol: protocol, Host: netip.MustParseAddrPort(host), Container: netip.MustParseAddrPort(container)}
}

// withIPv6 gives the network a second subnet, to which all ports lead that are
// published on all IPv6 addresses.
func withIPv6(n *firewall.NetworkState) {
	n.Subnets = append(n.Subnets, subnet("2001:db8:1::/64", "2001:db8:1::1"))
	web := &n.Endpoints[0]
	web.Addresses = append(web.Addresses, netip.MustParseAddr("2001:db8:1::2"))
	for i, m := range web.Ports {
		if m.Host.Addr().Is6() {
			web.Ports[i].Container = netip.AddrPortFrom(web.Addresses[1], m.Container.Port())
		}
	}
}

func inMode(mode firewall.Mode) func(*firewall.NetworkState) {
	return func(n *firewall.NetworkState) { n.Subnets[0].Mode = mode }
}

// atOwnAddress publishes the container's ports at its own address alone.
func atOwnAddress(n *firewall.NetworkState) {
	var open []hostport.Mapping
	for _, m := range n.Endpoints[0].Ports {
		if m.Host.Addr().Is4() {
			open = append(open, hostport.Mapping{Protocol: m.Protocol, Container: m.Container})
		}
	}
	n.Endpoints[0].Ports = open
}

// closed makes the network internal, where no port is published.
func closed(n *firewall.NetworkState) {
	n.Internal = true
	n.Endpoints[0].Ports = nil
}

// withSecondNetwork adds a network that the container is also on, with a bridge
// whose name the user chose, and a bridge of Docker's own.
func withSecondNetwork(state firewall.State) firewall.State {
	state.Networks[0].Endpoints[0].Homes = []link.Name{"lab0"}
	state.Networks = append(state.Networks, firewall.NetworkState{
		Network: firewall.Network{
			ID:         "b70e44d9c1a8520f6d3c97e5a8f1420b",
			Bridge:     "lab0",
			BridgeMAC:  link.MAC{0x02, 0x00, 0x00, 0x00, 0x01, 0x01},
			Masquerade: true,
			Antispoof:  true,
			Subnets:    []firewall.Subnet{subnet("203.0.113.0/24", "203.0.113.1")},
		},
		Endpoints: []firewall.Endpoint{{
			ID: "e19d63b2074fa85c", Link: "mbve19d63b2074f", MAC: link.MAC{0x02, 0x00, 0x00, 0x00, 0x01, 0x02}, Addresses: addresses("203.0.113.2"),
		}},
	})
	state.EngineBridges = append(state.EngineBridges, "br-5d0f27b1c3a8")
	return state
}
