package firewalldoc

import (
	"net/netip"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// kinds are all kinds, the one first that the others are compared with.
func kinds() []kind {
	return []kind{
		{
			page: "nat", title: "An ordinary network, with IPv4 and IPv6",
			commands: create("--ipv6 --subnet 2001:db8:1::/64"),
			summary: "Containers go out with the host's address, and published ports lead in. " +
				"Port 8080 is published on all addresses, 8443 on one, and 9000 on the loopback, where it is carried by the held socket and needs no rule.",
			state: shop(withIPv6),
		},
		{
			page: "unmasqueraded", title: "A network that is not masqueraded",
			commands: create("-o com.docker.network.bridge.enable_ip_masquerade=false"),
			summary:  "Containers go out with their own addresses, so the LAN needs a route back. Published ports lead in as ever.",
			state:    shop(func(n *firewall.NetworkState) { n.Masquerade = false }),
		},
		{
			page: "host-source", title: "A network that leaves with a chosen address",
			commands: create("-o com.docker.network.host_ipv4=198.51.100.9"),
			summary:  "Containers go out with this address of the host, in the place of that of the link they leave by.",
			state:    shop(func(n *firewall.NetworkState) { n.Subnets[0].Source = netip.MustParseAddr("198.51.100.9") }),
		},
		{
			page: "internal", title: "An internal network",
			commands: create("--internal"),
			summary:  "No way out and no way in: containers reach each other and the gateway's address, and nothing else. No port is published.",
			state:    shop(closed),
		},
		{
			page: "no-icc", title: "A network whose containers do not reach each other",
			commands: create("-o com.docker.network.bridge.enable_icc=false"),
			summary: "The bridge itself keeps frames from passing between containers: `bridge -d link show master mb-3f1d0c9a7be2` says `isolated on` for each port. " +
				"The rules stop what a container sends to its neighbour by way of the host.",
			state: shop(func(n *firewall.NetworkState) { n.NoICC = true }),
		},
		{
			page: "routed", title: "A routed network",
			commands: create("-o com.docker.network.bridge.gateway_mode_ipv4=routed"),
			summary: "No address is translated. Who has a route to the subnet reaches the published ports at the container's own address, 192.0.2.2:80 here, and may ping it. " +
				"Host ports are not used.",
			state: shop(func(n *firewall.NetworkState) {
				inMode(firewall.Routed)(n)
				atOwnAddress(n)
			}),
		},
		{
			page: "nat-unprotected", title: "An unprotected network",
			commands: create("-o com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected"),
			summary:  "Who has a route to the subnet reaches every port of the containers at their own addresses. All else is as usual: addresses are translated, host ports lead in.",
			state:    shop(inMode(firewall.NATUnprotected)),
		},
		{
			page: "isolated", title: "An isolated network",
			commands: create("--internal -o com.docker.network.bridge.gateway_mode_ipv4=isolated"),
			summary:  "An internal network on whose bridge the host has no address: containers reach each other, and nothing else. The rules are those of an [internal network](internal.md).",
			state: shop(func(n *firewall.NetworkState) {
				closed(n)
				inMode(firewall.Isolated)(n)
				n.Subnets[0].Gateway, n.Subnets[0].OwnGateway = netip.Addr{}, false
			}),
		},
		{
			page: "trusted-interfaces", title: "A network that trusts host interfaces",
			commands: create("-o com.docker.network.bridge.trusted_host_interfaces=eth1:wg0"),
			summary:  "What comes in by these interfaces reaches published ports at the container's own address too. Neither ping nor other ports pass.",
			state:    shop(func(n *firewall.NetworkState) { n.TrustedInterfaces = []link.Name{"eth1", "wg0"} }),
		},
		{
			page: "direct-routing", title: "Direct routing",
			commands: "mybridge serve --allow-direct-routing\n" + create(),
			summary: "With this flag of the plugin, who has a route to the subnet reaches published ports at the container's own address, " +
				"by any interface and in every network that translates addresses. Neither ping nor other ports pass.",
			state: shop(func(n *firewall.NetworkState) { n.DirectRouting = true }),
		},
		{
			page: "spoofing-allowed", title: "A network where spoofing is allowed",
			commands: create("-o mybridge.antispoof=false"),
			summary:  "Containers may send with any MAC and any address. With no other network on the host that has antispoof on, a whole table is missing, with iptables too.",
			state:    shop(func(n *firewall.NetworkState) { n.Antispoof = false }),
		},
		{
			page: "gateway-elsewhere", title: "A network whose gateway is not the host",
			commands: create("-o com.docker.network.bridge.inhibit_ipv4=true"),
			summary: "The gateway's address is left to somebody else, so answers of the containers do not come by the host on their own. " +
				"What the host forwards from other networks of ours to here is therefore translated, as what leaves is.",
			state: shop(func(n *firewall.NetworkState) { n.Subnets[0].OwnGateway = false }),
		},
		{
			page: "no-subnet", title: "A network without a subnet",
			commands: "docker network create -d mybridge --ipam-driver null shop\ndocker run -d --network shop --name web httpd",
			summary: "A plain layer 2 segment: containers reach each other. They have addresses from somebody else, " +
				"so no rule of ours drops what the host forwards by such a bridge.",
			state: shop(func(n *firewall.NetworkState) {
				n.Subnets, n.Endpoints[0].Addresses, n.Endpoints[0].Ports = nil, nil, nil
			}),
		},
		{
			page: "several-networks", title: "Several networks, and Docker's own",
			commands: create() + `
docker network create -d mybridge --ipam-driver mybridge \
    --subnet 203.0.113.0/24 -o com.docker.network.bridge.name=lab0 lab
docker network connect lab web
docker network create front`,
			summary: "The container is on both networks; `lab0` is a name that the user chose, so it has accepts of its own in iptables. " +
				"`docker0` and `br-5d0f27b1c3a8` are bridges of Docker's own driver, found by their names and in Docker's chains.",
			state: withSecondNetwork(plain()),
		},
	}
}
