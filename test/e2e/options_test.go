package e2e

import (
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestBindingAndSource wants ports on the address that the network names, and its
// packets to come from the one it names.
func TestBindingAndSource(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.MustRun("ip", "address", "add", "198.51.100.7/24", "dev", lan.Device)
		lan.Spawn("probe", "serve", "-tcp", "80").WaitLog("serving")
		h.createNetwork("n1", "-o", "com.docker.network.bridge.host_binding_ipv4=198.51.100.7", "-o", "com.docker.network.host_ipv4=198.51.100.7")
		h.serve("web", "n1", "-p", "8080:80")
		lan.MustRun("probe", "get", "-retry", "198.51.100.7:8080")
		if answer, err := lan.Run("probe", "get", "-timeout", "700ms", "198.51.100.1:8080"); err == nil {
			h.t.Errorf("the port is reached at another address: %s", answer)
		}
		if answer, err := h.probe("web", "get", "198.51.100.2:80"); err != nil || !strings.Contains(answer, " 198.51.100.7:") {
			h.t.Errorf("the LAN answers %q, %v; want the network's address in it", answer, err)
		}
	})
}

// TestInterfaceNames wants the network's prefix, and the endpoint's own name.
func TestInterfaceNames(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "-o", "com.docker.network.container_iface_prefix=lan")
		h.createNetwork("n2")
		h.run("one", "n1")
		h.MustDocker("network", "connect", "n2", "one")
		inside, err := h.probe("one", "addr")
		if err != nil || !strings.Contains(inside, "lan0") || !strings.Contains(inside, "eth0") {
			h.t.Errorf("in the container is %s, %v; want lan0 and eth0", inside, err)
		}
		if h.Root().Name == "20.10" {
			return // its command line has no endpoint options for run
		}
		h.MustDocker("run", "-d", "--name", "two", "--network", "name=n1,driver-opt=com.docker.network.endpoint.ifname=foo0", "probe")
		if inside, err := h.probe("two", "addr"); err != nil || !strings.Contains(inside, "foo0") {
			h.t.Errorf("in the container is %s, %v; want foo0", inside, err)
		}
		h.wantFailure("endpoint.ifname.*ends in 0", "docker", "run", "-d", "--network", "name=n1,driver-opt=com.docker.network.endpoint.ifname=foobar", "probe")
	})
}

// TestInhibitIPv4 wants a bridge without an address, and containers whose gateway
// somebody else is.
func TestInhibitIPv4(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.inhibit_ipv4=true", "-o", "com.docker.network.bridge.name=br-none")
		h.run("one", "n1")
		h.run("two", "n1")
		if addresses := h.MustRun("ip", "-4", "address", "show", "dev", "br-none"); strings.Contains(addresses, "inet") {
			h.t.Errorf("the bridge has an address: %s", addresses)
		}
		if routes, err := h.probe("one", "route"); err != nil || !strings.Contains(routes, "192.168.0.1") {
			h.t.Errorf("the container's gateway is %q, %v; want 192.168.0.1", routes, err)
		}
		h.wantReached("one", "two")
	})
}

// TestIsolatedGateway wants a segment on which the host has no address; on engines
// that ask, none is taken for it.
func TestIsolatedGateway(t *testing.T) {
	onEachEngine(t, func(h *host) {
		modes := []string{"-o", "com.docker.network.bridge.gateway_mode_ipv4=isolated", "-o", "com.docker.network.bridge.gateway_mode_ipv6=isolated"}
		h.createNetwork("n1", append(modes, "--internal", "--ipv6", "--subnet", "192.168.0.0/24", "--subnet", "fd00:1::/64", "-o", "com.docker.network.bridge.name=br-isolated")...)
		h.run("one", "n1")
		h.run("two", "n1")
		if addresses := h.MustRun("ip", "address", "show", "dev", "br-isolated"); strings.Contains(addresses, "inet") {
			h.t.Errorf("the bridge has an address: %s", addresses)
		}
		h.wantReached("one", "two")
		h.wantReached("one", h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.GlobalIPv6Address}}", "two"))
		h.wantFailure("isolated.*not internal", "docker", "network", "create", "-d", "mybridge", modes[0], modes[1], "n2")
		if h.Root().Name == "20.10" {
			return // asks for no gateway check
		}
		h.createNetwork("point", modes[0], modes[1], "--internal", "--subnet", "192.168.7.0/31")
		h.run("left", "point")
		h.run("right", "point")
		h.wantReached("left", "right")
	})
}

// TestOnlyIPv6 wants a network without IPv4 (engine 28), with a way out and ports.
func TestOnlyIPv6(t *testing.T) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		if root.Name == "20.10" {
			continue // knows no network without IPv4
		}
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, root, engine.Options{})
			lan := h.AttachNeighbour("2001:db8:1::1/64", "2001:db8:1::2/64")
			h.createNetwork("n1", "--ipv4=false", "--ipv6")
			h.serve("web", "n1", "-p", "8080:80")
			lan.MustRun("probe", "get", "-retry", "[2001:db8:1::1]:8080")
			if _, err := h.probe("web", "ping", "2001:db8:1::2"); err != nil {
				t.Errorf("no way out: %v", err)
			}
			if inside, err := h.probe("web", "addr"); err != nil || strings.Contains(strings.ReplaceAll(inside, "127.0.0.1", ""), "10.") {
				t.Errorf("in the container is %s, %v; want no IPv4 address", inside, err)
			}
		})
	}
}

// TestNoIPv6WhereNoneWasAsked wants none on the bridge, and none that a router on
// the bridge could give it.
func TestNoIPv6WhereNoneWasAsked(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "-o", "com.docker.network.bridge.name=plain")
		h.createNetwork("n2", "--ipv6", "-o", "com.docker.network.bridge.name=dual")
		h.run("one", "n1")
		h.run("two", "n2")
		if addresses := h.MustRun("ip", "-6", "address", "show", "dev", "plain"); strings.Contains(addresses, "inet6") {
			h.t.Errorf("the bridge has an IPv6 address: %s", addresses)
		}
		if inside, err := h.probe("one", "addr"); err != nil || strings.Contains(inside, "fe80:") {
			h.t.Errorf("in the container is %s, %v; want no IPv6", inside, err)
		}
		for _, bridge := range []string{"plain", "dual"} {
			if value := h.MustRun("cat", "/proc/sys/net/ipv6/conf/"+bridge+"/accept_ra"); value != "0" {
				h.t.Errorf("%s hears router advertisements: %s", bridge, value)
			}
		}
	})
}

// TestGatewayPriority wants the gateway where the user puts it (engine 28).
func TestGatewayPriority(t *testing.T) {
	onEachEngine(t, func(h *host) {
		if h.Root().Name == "20.10" {
			return // the first network by name is the gateway
		}
		h.createNetwork("n1", "--subnet", "192.168.1.0/24")
		h.createNetwork("n2", "--subnet", "192.168.2.0/24")
		h.MustDocker("run", "-d", "--name", "one", "--network", "n1", "--network", "name=n2,gw-priority=1", "probe")
		if routes, err := h.probe("one", "route"); err != nil || !strings.Contains(routes, "192.168.2.1") {
			h.t.Errorf("the container's gateway is %q, %v; want 192.168.2.1", routes, err)
		}
	})
}

// TestLinkLocalSubnet wants a network whose subnet every link has a route to.
func TestLinkLocalSubnet(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.AttachNeighbour("2001:db8:1::1/64", "2001:db8:1::2/64")
		for _, ipam := range []string{"default", "mybridge"} {
			h.MustDocker("network", "create", "-d", "mybridge", "--ipam-driver", ipam, "--ipv6", "--subnet", "fe80::/64", "--gateway", "fe80::1", "n-"+ipam)
			h.run("one", "n-"+ipam)
			h.run("two", "n-"+ipam)
			address := h.MustDocker("inspect", "-f", `{{(index .NetworkSettings.Networks "n-`+ipam+`").GlobalIPv6Address}}`, "two")
			h.wantReached("one", address+"%eth0")
			h.MustDocker("rm", "-f", "one", "two")
			h.MustDocker("network", "rm", "n-"+ipam)
		}
	})
}

// TestEnginesOwnOptions wants options that the engine sees to itself to be let pass.
func TestEnginesOwnOptions(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "-o", "com.docker.network.advertise_addr_nmsgs=1", "-o", "com.docker.network.advertise_addr_ms=100", "-o", "com.docker.network.enable_ipv6=false")
	})
}

// TestSmallMTU wants a link that is too narrow for IPv6.
func TestSmallMTU(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "-o", "com.docker.network.driver.mtu=1000")
		h.run("one", "n1")
		h.run("two", "n1")
		h.wantReached("one", "two")
	})
}

// TestSameAddressAgain wants neighbours to reach who has an address next at once,
// although they remember who had it.
func TestSameAddressAgain(t *testing.T) {
	onEachEngine(t, func(h *host) {
		for _, ipam := range []string{"default", "mybridge"} {
			h.MustDocker("network", "create", "-d", "mybridge", "--ipam-driver", ipam, "--subnet", "192.168.7.0/24", "n-"+ipam)
			h.run("one", "n-"+ipam)
			for range 2 {
				h.run("two", "n-"+ipam, "--ip", "192.168.7.50")
				h.wantReached("one", "192.168.7.50")
				h.MustDocker("rm", "-f", "two")
			}
			h.MustDocker("rm", "-f", "one")
			h.MustDocker("network", "rm", "n-"+ipam)
		}
	})
}
