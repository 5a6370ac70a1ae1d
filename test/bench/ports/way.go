package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mybridge/internal/firewall"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/firewall/nftables"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/bench/traffic"
)

// way is a way to publish ports.
type way struct {
	name string
	// least is the ratio that is wanted, 0 for what is there to compare with.
	least float64
	// publish publishes so many ports, from firstPort on, in the calling thread's
	// namespace.
	publish func(ctx context.Context, ports int) error
}

var ways = []way{
	{"nftables", 0.9, publishByNFTables},
	{"iptables", 0, publishByIPTables},
	{"plain DNAT rules", 0, publishByPlainRules},
}

// firstPort is the first host port that is published.
const firstPort = 20000

// mostPorts are the ports from the first to the last there is.
const mostPorts = 1<<16 - firstPort

// The container, and how it is connected.
const (
	bridge        link.Name = "mb-bench"
	containerLink link.Name = "mbv-bench"
)

var (
	bridgeMAC    = link.MAC{2, 0, 0, 0, 0, 1}
	containerMAC = link.MAC{2, 0, 0, 0, 0, 2}
	gateway      = netip.MustParsePrefix("192.168.0.1/24")
	service      = netip.MustParseAddrPort("192.168.0.2:80")
)

// state is a usual network with one container. All its host ports lead to one of
// the container's, so that no back end joins them to a range.
func state(ports int) firewall.State {
	network := firewall.Network{
		ID: "network", Bridge: bridge, BridgeMAC: bridgeMAC, Masquerade: true, Antispoof: true,
		Subnets: []firewall.Subnet{{Prefix: gateway.Masked(), Gateway: gateway.Addr(), OwnGateway: true, Mode: firewall.NAT}},
	}
	endpoint := firewall.Endpoint{ID: "endpoint", Link: containerLink, MAC: containerMAC, Addresses: []netip.Addr{service.Addr()}}
	for i := range ports {
		host := netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(firstPort+i))
		endpoint.Ports = append(endpoint.Ports, hostport.Mapping{Protocol: hostport.TCP, Host: host, Container: service})
	}
	return firewall.State{Networks: []firewall.NetworkState{{Network: network, Endpoints: []firewall.Endpoint{endpoint}}}}
}

func publishByNFTables(ctx context.Context, ports int) error {
	accepts, err := iptables.OpenAccepts("mybridge")
	if err != nil {
		return err
	}
	filter, err := nftables.Open("mybridge", nftables.Options{Accepts: accepts})
	if err != nil {
		return err
	}
	return errors.Join(filter.Restore(ctx, state(ports)), filter.Close())
}

func publishByIPTables(ctx context.Context, ports int) error {
	filter, err := iptables.Open("mybridge")
	if err != nil {
		return err
	}
	antispoof, err := nftables.Open("mybridge", nftables.Options{AntispoofOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(firewall.Together(filter, antispoof).Restore(ctx, state(ports)), antispoof.Close())
}

func publishByPlainRules(_ context.Context, ports int) error {
	rules := []string{"*nat", ":DOCKER -", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"}
	for i := range ports {
		rules = append(rules, fmt.Sprintf("-A DOCKER ! -i %s -p tcp -m tcp --dport %d -j DNAT --to-destination %s", bridge, firstPort+i, service))
	}
	return traffic.Feed(strings.Join(append(rules, "COMMIT"), "\n"), "iptables-restore", "--noflush")
}
