package nftables

import (
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
	"mybridge/test/kernel"
)

// TestNoICCInOpenModes sends a packet to the neighbour by way of the gateway, which
// port isolation does not stop, in a mode that lets all in from elsewhere.
func TestNoICCInOpenModes(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	w := segment(t)
	for _, address := range []string{"192.0.2.1/26", "2001:db8:1::1/64"} {
		kernel.Run(t, "ip", "address", "add", address, "dev", string(plain.Bridge), "nodad")
	}
	for _, address := range victim.Addresses {
		kernel.Run(t, "ip", "neighbour", "add", address.String(), "lladdr", victim.MAC.String(), "dev", string(plain.Bridge))
	}
	for _, noICC := range []bool{false, true} {
		n := plain
		n.NoICC = noICC
		n.Subnets = []firewall.Subnet{subnet("192.0.2.0/26", "192.0.2.1", firewall.NATUnprotected), subnet("2001:db8:1::/64", "2001:db8:1::1", firewall.Routed)}
		must(t, f.Restore(t.Context(), firewall.State{Networks: []firewall.NetworkState{{Network: n, Endpoints: []firewall.Endpoint{sender, victim}}}}))
		for name, packet := range map[string][]byte{
			"IPv4": ethernet(sender.MAC, unix.ETH_P_IP, ipv4(sender.Addresses[0])),
			"IPv6": ethernet(sender.MAC, unix.ETH_P_IPV6, ipv6(sender.Addresses[1], 128, 0, 0, 0, 0, 0, 0, 0)),
		} {
			copy(packet, plain.BridgeMAC[:])
			if got, want := w.arrives(t, packet), !noICC; got != want {
				t.Errorf("no ICC %t, %s: arrived %t, want %t", noICC, name, got, want)
			}
		}
	}
}
