package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// inside is what a container sees of its interfaces and routes.
func (h *host) inside(pid string) string {
	h.t.Helper()
	seen := h.MustRun("nsenter", "-t", pid, "-n", "sh", "-c",
		"(ip -br address; ip -br link; ip route; ip -6 route) | sed 's/@if[0-9]*//; s/  */ /g'")
	lines := strings.Split(seen, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// hostEnd is the bridge's end of the container's link on the network.
func (h *host) hostEnd(container, network string) string {
	h.t.Helper()
	return "mbv" + h.MustDocker("inspect", "-f", `{{(index .NetworkSettings.Networks "`+network+`").EndpointID}}`, container)[:12]
}

// TestDeletedLinks wants the links of a container that runs made again as they were
// when somebody deletes them: one, all, those of a plugin that is down, and those whose
// other end has another name; and less often where somebody goes on.
func TestDeletedLinks(t *testing.T) {
	onEachEngine(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		before := h.whatIsThere()
		h.createNetwork("n1", "--ipv6", "--subnet", "192.168.1.0/24", "--subnet", "fd00:1::/64")
		h.createNetwork("n2", "--subnet", "192.168.2.0/24")
		h.createNetwork("n3", "--internal", "--subnet", "192.168.3.0/24")
		h.serve("web", "n1", "--ip", "192.168.1.2", "--ip6", "fd00:1::2", "-p", "8080:80")
		h.MustDocker("network", "connect", "n2", "web")
		h.MustDocker("network", "connect", "n3", "web")
		h.run("peer", "n1")
		h.run("db", "n3")
		pid := h.MustDocker("inspect", "-f", "{{.State.Pid}}", "web")
		one, two, three := h.hostEnd("web", "n1"), h.hostEnd("web", "n2"), h.hostEnd("web", "n3")
		// At once, as a group: the repair of one is not to be mixed with the loss of the next.
		remove := func(links ...string) string {
			group := " group 77; "
			return "ip link set " + strings.Join(links, group+"ip link set ") + group + "ip link del" + group
		}
		at := h.inside(pid)
		wantAsAtFirst := func(when string) {
			h.t.Helper()
			began := time.Now()
			if now := h.waitFor(func() string { return h.inside(pid) }, func(now string) bool { return now == at }); now != at {
				h.t.Fatalf("%s: the container has\n%s\nat first it had\n%s", when, now, at)
			}
			h.t.Logf("%s: as at first after %s", when, time.Since(began).Round(10*time.Millisecond))
			h.wantReached("web", "198.51.100.2")
			h.wantReached("peer", "192.168.1.2")
			h.wantReached("peer", "fd00:1::2")
			h.wantReached("db", "192.168.3.2")
			if _, err := lan.Run("probe", "get", "-retry", "-timeout", "5s", "198.51.100.1:8080"); err != nil {
				h.t.Errorf("%s: the published port is not reached: %v", when, err)
			}
			h.wantHealthy(when)
		}
		wantAsAtFirst("at first")
		for _, damage := range []string{
			remove(one),
			remove(two),
			remove(three),
			remove(three, two, one),
			"nsenter -t " + pid + " -n sh -c 'ip link set eth0 down; ip link set eth0 name lan0; ip link set lan0 up'; " + remove(one),
		} {
			h.MustRun("sh", "-c", damage)
			wantAsAtFirst(damage)
		}
		h.plugin.Kill()
		h.MustRun("sh", "-c", remove(one, two, three))
		h.startPlugin()
		wantAsAtFirst("deleted while the plugin was down")

		for began := time.Now(); !strings.Contains(h.plugin.Log(), "again and again"); {
			if time.Since(began) > 30*time.Second {
				h.t.Fatal("the log does not say that something fights back")
			}
			_, _ = h.Run("ip", "link", "del", one) // it is not always there
			time.Sleep(100 * time.Millisecond)
		}
		wantAsAtFirst("after a fight")

		h.MustDocker("rm", "-f", "web", "peer", "db")
		h.MustDocker("network", "rm", "n1", "n2", "n3")
		h.wantAsBefore(before)
	})
}

// TestDeletedLinkOfAnUnknownContainer wants a link that cannot be made again to be told
// with the reason, and a restart of the container to do it.
func TestDeletedLinkOfAnUnknownContainer(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		key := h.MustDocker("inspect", "-f", "{{.NetworkSettings.SandboxKey}}", "one")
		h.MustRun("umount", "-l", key)
		h.MustRun("ip", "link", "del", h.hostEnd("one", "n1"))
		h.plugin.WaitLog("cannot be repaired")
		output, code := h.doctor()
		if code != 1 || !strings.Contains(output, "is gone") || !strings.Contains(output, "is not a network namespace any more") {
			h.t.Errorf("doctor ended with %d: %s", code, output)
		}
		h.MustDocker("restart", "-t", "1", "one")
		h.wantReached("one", "192.168.0.1")
		h.wantHealthy("after a restart of the container")
	})
}
