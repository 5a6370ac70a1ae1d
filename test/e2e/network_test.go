package e2e

import (
	"net/netip"
	"strings"
	"testing"

	"mybridge/test/engine"
)

// steps runs a life of a network step by step, once as it is and once with the
// plugin killed between every two steps.
func steps(t *testing.T, life func(h *host, between func())) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		for name, killed := range map[string]bool{"whole": false, "killed": true} {
			t.Run(root.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, root, engine.Options{})
				life(h, func() {
					if killed {
						h.restartPlugin()
					}
				})
			})
		}
	}
}

func TestFirstNetwork(t *testing.T) {
	steps(t, func(h *host, between func()) {
		before := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=testbridge")
		between()
		link := h.MustRun("ip", "-o", "address", "show", "dev", "testbridge", "up")
		if !strings.Contains(link, "192.168.0.1/24") {
			h.t.Errorf("testbridge is not up with 192.168.0.1/24: %s", link)
		}
		if rules := h.MustRun("nft", "list", "table", "inet", "mybridge"); !strings.Contains(rules, `oifname != "testbridge" masquerade`) {
			h.t.Errorf("there is no masquerade rule:\n%s", rules)
		}
		h.wantDump("192.168.0.0/24", "1")
		h.run("one", "n1")
		between()
		h.run("two", "n1")
		between()
		h.wantAddress("one", "n1", "192.168.0.2")
		h.wantAddress("two", "n1", "192.168.0.3")
		h.wantReached("one", "192.168.0.3")
		h.wantReached("two", "192.168.0.2")
		h.wantReached("one", "two")
		h.wantReached("two", "one")
		h.wantReached("one", "192.168.0.1")
		h.wantDump("192.168.0.0/24", "111")
		between()
		h.MustDocker("rm", "-f", "one")
		between()
		h.MustDocker("stop", "-t", "5", "two")
		between()
		h.wantDump("192.168.0.0/24", "1")
		h.MustDocker("rm", "two")
		between()
		h.MustDocker("network", "rm", "n1")
		between()
		h.wantAsBefore(before)
	})
}

func TestDefaultIPAM(t *testing.T) {
	steps(t, func(h *host, between func()) {
		before := h.whatIsThere()
		h.MustDocker("network", "create", "-d", "mybridge", "n1")
		between()
		h.run("one", "n1")
		between()
		h.run("two", "n1")
		between()
		h.wantReached("one", h.address("two", "n1"))
		h.wantReached("two", "one")
		if dump := h.dump(); dump != "{}" {
			h.t.Errorf("our address manager was asked: %s", dump)
		}
		h.MustDocker("rm", "-f", "one", "two")
		between()
		h.MustDocker("network", "rm", "n1")
		between()
		h.wantAsBefore(before)
	})
}

func TestAutomaticPools(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.MustRun("ip", "link", "add", "uplink", "type", "bridge")
		h.MustRun("ip", "address", "add", "10.96.0.9/23", "dev", "uplink")
		before := h.whatIsThere()
		h.createNetwork("n1")
		h.createNetwork("n2")
		h.run("one", "n1")
		h.run("two", "n2")
		h.wantAddress("one", "n1", "10.96.2.2")
		h.wantAddress("two", "n2", "10.96.3.2")
		h.MustDocker("rm", "-f", "one", "two")
		h.MustDocker("network", "rm", "n1", "n2")
		h.wantAsBefore(before)
	})
}

// TestInternal wants neighbours reached, and no way out and no way in, even
// for one who knows the addresses and sets the routes.
func TestInternal(t *testing.T) {
	steps(t, func(h *host, between func()) {
		neighbour := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		before := h.whatIsThere()
		h.createNetwork("open", "--subnet", "192.168.1.0/24")
		h.createNetwork("closed", "--internal", "--subnet", "192.168.0.0/24")
		between()
		h.run("control", "open")
		h.run("one", "closed", "--cap-add", "NET_ADMIN")
		between()
		h.run("two", "closed")
		between()
		h.wantReached("one", "192.168.0.3")
		h.wantReached("two", "one")

		h.wantReached("control", "198.51.100.2")
		h.wantNotReached("one", "198.51.100.2")
		pid := h.MustDocker("inspect", "-f", "{{.State.Pid}}", "one")
		h.MustRun("nsenter", "-t", pid, "-n", "ip", "route", "add", "default", "via", "192.168.0.1")
		h.wantNotReached("one", "198.51.100.2")
		h.wantNotReached("one", h.address("control", "open"))

		neighbour.MustRun("ip", "route", "add", "192.168.0.0/24", "via", "198.51.100.1")
		if answer, err := neighbour.Run("probe", "ping", "-timeout", "700ms", "192.168.0.2"); err == nil {
			h.t.Errorf("the neighbour reaches a container of an internal network: %s", answer)
		}
		if networks := h.MustDocker("network", "ls", "--format", "{{.Name}}"); strings.Contains(networks, "docker_gwbridge") {
			h.t.Errorf("the engine made a way out of its own: %s", networks)
		}
		h.MustDocker("rm", "-f", "one", "two", "control")
		between()
		h.MustDocker("network", "rm", "open", "closed")
		between()
		h.wantAsBefore(before)
	})
}

func TestThreeNetworks(t *testing.T) {
	steps(t, func(h *host, between func()) {
		before := h.whatIsThere()
		for _, n := range []string{"1", "2", "3"} {
			h.createNetwork("n"+n, "--subnet", "192.168."+n+".0/24")
			between()
			h.run("peer"+n, "n"+n)
			between()
		}
		h.run("one", "n1")
		between()
		h.MustDocker("network", "connect", "n2", "one")
		between()
		h.MustDocker("network", "connect", "n3", "one")
		between()
		for _, n := range []string{"1", "2", "3"} {
			h.wantAddress("one", "n"+n, "192.168."+n+".3")
			h.wantReached("one", "192.168."+n+".2")
			h.wantReached("one", "peer"+n)
			h.wantReached("peer"+n, "192.168."+n+".3")
		}
		h.wantNotReached("peer1", "192.168.2.2")
		h.MustDocker("network", "disconnect", "n2", "one")
		between()
		h.wantNotReached("one", "192.168.2.2")
		h.wantReached("one", "192.168.3.2")
		h.MustDocker("restart", "-t", "5", "one")
		between()
		h.wantReached("one", "peer1")
		h.MustDocker("rm", "-f", "one", "peer1", "peer2", "peer3")
		between()
		h.MustDocker("network", "rm", "n1", "n2", "n3")
		between()
		h.wantAsBefore(before)
	})
}

func TestForeignBridge(t *testing.T) {
	steps(t, func(h *host, between func()) {
		h.MustRun("ip", "link", "add", "lan-bridge", "type", "bridge")
		h.MustRun("ip", "address", "add", "192.168.0.1/24", "dev", "lan-bridge")
		h.MustRun("ip", "address", "add", "203.0.113.1/24", "dev", "lan-bridge")
		h.MustRun("ip", "link", "set", "lan-bridge", "up")
		before := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=lan-bridge")
		between()
		h.run("one", "n1")
		h.run("two", "n1")
		between()
		h.wantReached("one", "two")
		h.wantReached("one", "203.0.113.1")
		h.MustDocker("rm", "-f", "one", "two")
		between()
		h.MustDocker("network", "rm", "n1")
		between()
		h.wantAsBefore(before)
	})
}

// TestNullIPAM wants a plain segment: no address, no way out.
func TestNullIPAM(t *testing.T) {
	onEachEngine(t, func(h *host) {
		before := h.whatIsThere()
		h.MustDocker("network", "create", "-d", "mybridge", "--ipam-driver", "null", "n1")
		for i, name := range []string{"one", "two"} {
			h.run(name, "n1")
			pid := h.MustDocker("inspect", "-f", "{{.State.Pid}}", name)
			h.MustRun("nsenter", "-t", pid, "-n", "ip", "address", "add", "203.0.113."+string(rune('1'+i))+"/24", "dev", "eth0")
		}
		h.wantReached("one", "203.0.113.2")
		if networks := h.MustDocker("network", "ls", "--format", "{{.Name}}"); strings.Contains(networks, "docker_gwbridge") {
			h.t.Errorf("the engine made a way out of its own: %s", networks)
		}
		h.MustDocker("rm", "-f", "one", "two")
		h.MustDocker("network", "rm", "n1")
		h.wantAsBefore(before)
	})
}

func TestMTU(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "-o", "com.docker.network.driver.mtu=1400", "-o", "com.docker.network.bridge.name=narrow")
		h.run("one", "n1")
		if links := h.MustRun("ip", "-o", "link", "show", "dev", "narrow"); !strings.Contains(links, "mtu 1400") {
			h.t.Errorf("the bridge is %s", links)
		}
		if links, err := h.probe("one", "addr"); err != nil || !strings.Contains(links, "1400") {
			h.t.Errorf("in the container is %s, %v", links, err)
		}
	})
}

// TestDualStack wants both families reached inside, and the neighbour through NAT.
func TestDualStack(t *testing.T) {
	onEachEngine(t, func(h *host) {
		neighbour := h.AttachNeighbour("2001:db8:1::1/64", "2001:db8:1::2/64")
		before := h.whatIsThere()
		h.createNetwork("n1", "--ipv6", "--subnet", "192.168.0.0/24", "--subnet", "fd00:1::/64")
		h.run("one", "n1")
		h.run("two", "n1", "--ip6", "fd00:1::77")
		h.wantReached("one", "fd00:1::77")
		h.wantReached("one", "192.168.0.3")
		server := neighbour.Spawn("probe", "serve", "-tcp", "80")
		server.WaitLog("serving")
		if answer, err := h.probe("one", "get", "[2001:db8:1::2]:80"); err != nil || !strings.Contains(answer, "[2001:db8:1::1]") {
			h.t.Errorf("the neighbour answers %q, %v; want the host's address in it", answer, err)
		}
		h.MustDocker("rm", "-f", "one", "two")
		h.MustDocker("network", "rm", "n1")
		h.wantAsBefore(before)
	})
}

// TestAutomaticIPv6 wants a /64 of the host's own block without being told one,
// the same block after a restart, and addresses that are reached.
func TestAutomaticIPv6(t *testing.T) {
	onEachEngine(t, func(h *host) {
		before := h.whatIsThere()
		h.createNetwork("n1", "--ipv6")
		h.run("one", "n1")
		h.restartPlugin()
		h.createNetwork("n2", "--ipv6")
		h.run("two", "n1")
		ipv6 := func(container string) string {
			return h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.GlobalIPv6Address}}", container)
		}
		h.wantReached("one", ipv6("two"))
		h.wantReached("two", ipv6("one"))
		blocks := map[string]bool{}
		for _, network := range []string{"n1", "n2"} {
			for _, subnet := range strings.Fields(h.MustDocker("network", "inspect", "-f", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", network)) {
				if prefix := netip.MustParsePrefix(subnet); prefix.Addr().Is6() {
					block, _ := prefix.Addr().Prefix(48)
					blocks[block.String()] = true
					if prefix.Bits() != 64 || !strings.HasPrefix(subnet, "fd") {
						h.t.Errorf("%s has %s, want a /64 of fd00::/8", network, subnet)
					}
				}
			}
		}
		if len(blocks) != 1 {
			h.t.Errorf("the subnets are of %v, want one /48", blocks)
		}
		h.MustDocker("rm", "-f", "one", "two")
		h.MustDocker("network", "rm", "n1", "n2")
		h.wantAsBefore(before)
	})
}
