package link

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"mybridge/internal/hostport"
	"mybridge/test/kernel"
)

// router makes a router of the test's namespace that tracks connections, between
// a client at 192.0.2.9 and a LAN 198.51.100.0/24 from which nobody answers. It
// forwards its port 8053 to 198.51.100.3 there, as if that were a container.
func router(t *testing.T) (m *Manager, client *kernel.Machine) {
	t.Helper()
	m = open(t)
	host := kernel.ThisMachine(t, "host")
	client = kernel.NewMachine(t, "client")
	must(t, m.EnsureForwarding(t.Context(), false))
	must(t, m.EnsureForwarding(t.Context(), true))
	host.Configure(t,
		"link add uplink type veth peer name eth0 netns "+client.Pid(),
		"address add 192.0.2.1/24 dev uplink", "address add 192.0.2.2/24 dev uplink", "address add 2001:db8::1/64 dev uplink nodad",
		"link set uplink up",
		"link add lan type veth peer name nobody", "link set nobody up", "address add 198.51.100.1/24 dev lan", "address add 2001:db8:1::1/64 dev lan nodad",
		"link set lan up")
	client.Configure(t,
		"address add 192.0.2.9/24 dev eth0", "address add 2001:db8::9/64 dev eth0 nodad",
		"link set eth0 up",
		"route add default via 192.0.2.1", "route add default via 2001:db8::1")
	host.Feed(t, `table inet test {
		chain prerouting {
			type nat hook prerouting priority dstnat
			udp dport 8053 dnat ip to 198.51.100.3:53
		}
		chain forward { type filter hook forward priority filter; ct state new accept; }
	}`, "nft", "-f", "-")
	// A refused connection would be forgotten at once.
	listener, err := net.Listen("tcp", "192.0.2.1:53")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })
	return m, client
}

// send sends a datagram, or what begins a connection, to each of the targets, such
// as udp 192.0.2.1:53, and waits until the router remembers them all.
func send(t *testing.T, m *Manager, client *kernel.Machine, targets ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	for _, target := range targets {
		protocol, text, _ := strings.Cut(target, " ")
		address := netip.MustParseAddrPort(text)
		script := fmt.Sprintf("echo > /dev/%s/%s/%d", protocol, address.Addr(), address.Port())
		sender := client.Command(ctx, "bash", "-c", script)
		must(t, sender.Start())
		// Who still waits for an answer is ended below.
		defer func() { _ = sender.Wait() }()
	}
	defer cancel()
	for range time.Tick(time.Millisecond) {
		if len(remembered(t, m)) == len(targets) || ctx.Err() != nil {
			break
		}
	}
	wantRemembered(t, m, targets...)
}

// remembered is where the connections were sent that the kernel remembers.
func remembered(t *testing.T, m *Manager) []string {
	t.Helper()
	var targets []string
	for _, family := range []netlink.InetFamily{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		flows, err := m.handle.ConntrackTableList(netlink.ConntrackTable, family)
		must(t, err)
		for _, flow := range flows {
			protocol := hostport.Protocol(flow.Forward.Protocol)
			address, _ := netip.AddrFromSlice(flow.Forward.DstIP)
			if slices.Contains(hostport.Protocols(), protocol) {
				targets = append(targets, fmt.Sprintf("%s %s", protocol, netip.AddrPortFrom(address.Unmap(), flow.Forward.DstPort)))
			}
		}
	}
	slices.Sort(targets)
	return targets
}

func wantRemembered(t *testing.T, m *Manager, want ...string) {
	t.Helper()
	got := remembered(t, m)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("remembered are %q, want %q", got, want)
	}
}

func udp(host, container string) hostport.Mapping {
	return hostport.Mapping{Protocol: hostport.UDP, Host: netip.MustParseAddrPort(host), Container: netip.MustParseAddrPort(container)}
}

// TestForgetPorts wants UDP forgotten that was sent to a published port, whoever
// was to answer it, and nothing else.
func TestForgetPorts(t *testing.T) {
	const (
		own, ownTCP, ownPort, second = "udp 192.0.2.1:53", "tcp 192.0.2.1:53", "udp 192.0.2.1:54", "udp 192.0.2.2:53"
		passing, forwarded           = "udp 198.51.100.9:53", "udp 192.0.2.1:8053"
		own6, passing6               = "udp [2001:db8::1]:53", "udp [2001:db8:1::9]:53"
	)
	const container, container6 = "198.51.100.3:53", "[2001:db8:1::3]:53"
	direct := hostport.Mapping{Protocol: hostport.UDP, Container: netip.MustParseAddrPort("198.51.100.9:53")}
	tcp := udp("0.0.0.0:53", container)
	tcp.Protocol = hostport.TCP
	for name, test := range map[string]struct {
		mappings []hostport.Mapping
		gone     []string
	}{
		"none":             {nil, nil},
		"all addresses":    {[]hostport.Mapping{udp("0.0.0.0:53", container)}, []string{own, second}},
		"one address":      {[]hostport.Mapping{udp("192.0.2.2:53", container)}, []string{second}},
		"forwarded":        {[]hostport.Mapping{udp("0.0.0.0:8053", container)}, []string{forwarded}},
		"two ports":        {[]hostport.Mapping{udp("192.0.2.1:8053", container), udp("192.0.2.1:54", container)}, []string{ownPort, forwarded}},
		"IPv6":             {[]hostport.Mapping{udp("[::]:53", container6)}, []string{own6}},
		"both families":    {[]hostport.Mapping{udp("[2001:db8::1]:53", container6), udp("192.0.2.1:53", container)}, []string{own, own6}},
		"another port":     {[]hostport.Mapping{udp("0.0.0.0:55", container)}, nil},
		"TCP":              {[]hostport.Mapping{tcp}, nil},
		"no host port":     {[]hostport.Mapping{direct}, nil},
		"another's answer": {[]hostport.Mapping{udp("0.0.0.0:8053", "198.51.100.4:53")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, client := router(t)
			sent := []string{own, ownTCP, ownPort, second, passing, forwarded, own6, passing6}
			send(t, m, client, sent...)
			must(t, m.ForgetPorts(t.Context(), test.mappings))
			wantRemembered(t, m, slices.DeleteFunc(sent, func(s string) bool { return slices.Contains(test.gone, s) })...)
		})
	}
}

// TestForgetAddresses wants all forgotten that came from an address, went to it or
// was forwarded to it, and nothing else.
func TestForgetAddresses(t *testing.T) {
	const (
		to, toTCP, forwarded = "udp 198.51.100.3:7", "tcp 198.51.100.3:7", "udp 192.0.2.1:8053"
		toOther, toHost, to6 = "udp 198.51.100.30:7", "udp 192.0.2.1:7", "udp [2001:db8:1::3]:7"
	)
	for name, test := range map[string]struct{ addresses, gone []string }{
		"none":          {nil, nil},
		"destination":   {[]string{"198.51.100.3"}, []string{to, toTCP, forwarded}},
		"IPv6":          {[]string{"2001:db8:1::3"}, []string{to6}},
		"both families": {[]string{"198.51.100.3", "2001:db8:1::3"}, []string{to, toTCP, forwarded, to6}},
		"source":        {[]string{"192.0.2.9"}, []string{to, toTCP, forwarded, toOther, toHost}},
		"another":       {[]string{"198.51.100.33", "2001:db8:1::33"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, client := router(t)
			sent := []string{to, toTCP, forwarded, toOther, toHost, to6}
			send(t, m, client, sent...)
			var addresses []netip.Addr
			for _, address := range test.addresses {
				addresses = append(addresses, netip.MustParseAddr(address))
			}
			must(t, m.ForgetAddresses(t.Context(), addresses))
			wantRemembered(t, m, slices.DeleteFunc(sent, func(s string) bool { return slices.Contains(test.gone, s) })...)
		})
	}
}
