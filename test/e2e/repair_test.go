package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBrokenByOthers wants what somebody breaks to work again soon, the rules as
// they were, and one line that says what was missing.
func TestBrokenByOthers(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=shop0")
		h.serve("web", "n1", "-p", "8080:80")
		h.run("peer", "n1")
		link := h.MustRun("sh", "-c", "ip -br link show master shop0 | awk 'NR==1{print $1}' | cut -d@ -f1")
		wantReached := func(when string) {
			h.t.Helper()
			began := time.Now()
			if _, err := lan.Run("probe", "get", "-retry", "-timeout", "10s", "198.51.100.1:8080"); err != nil {
				h.t.Fatalf("%s: the published port is not reached: %v", when, err)
			}
			if _, err := h.probe("peer", "get", "-retry", "-timeout", "10s", "192.168.0.2:80"); err != nil {
				h.t.Fatalf("%s: the neighbour is not reached: %v", when, err)
			}
			h.t.Logf("%s: reached after %s", when, time.Since(began).Round(10*time.Millisecond))
		}
		// What is there of it: our rules, the links and their addresses.
		there := func() string {
			var ours []string
			for line := range strings.Lines(h.Snapshot()) {
				small := strings.ToLower(line)
				if slices.ContainsFunc([]string{"mybridge", "shop0", link}, func(name string) bool { return strings.Contains(small, name) }) || strings.HasPrefix(line, "nft ") {
					ours = append(ours, line)
				}
			}
			return strings.Join(ours, "")
		}
		wantReached("at first")
		first := there()
		for _, damage := range []string{
			"nft flush ruleset",
			"iptables -F",
			"iptables -t nat -F; iptables -t mangle -F",
			"nft delete table inet mybridge || iptables -F MYBRIDGE-FORWARD",
			"ip link set shop0 down",
			"ip link del shop0",
			"ip link set " + link + " nomaster",
			"ip link set " + link + " down",
			"ip address del 192.168.0.1/24 dev shop0",
			"echo 0 > /proc/sys/net/ipv4/ip_forward",
		} {
			h.MustRun("sh", "-c", damage)
			h.wantSoon(there, first)
			wantReached(damage)
		}
		if log := h.plugin.Log(); !strings.Contains(log, "found broken, repaired") {
			h.t.Error("the log does not say that something was repaired")
		}
	})
}

// TestManyContainersAtOnce wants a hundred containers to start, and to go, at once, and
// none of what goes taken for damage.
func TestManyContainersAtOnce(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		before := h.whatIsThere()
		all := func(command string) {
			h.t.Helper()
			const many = 100
			failures := make(chan error, many)
			turn := make(chan struct{}, many)
			for i := range many {
				turn <- struct{}{}
				go func() {
					defer func() { <-turn }()
					name := string(rune('a'+i/26)) + string(rune('a'+i%26))
					_, err := h.Run(strings.Fields(strings.ReplaceAll(command, "N", name))...)
					failures <- err
				}()
			}
			for range many {
				// A command whose output came late on a busy machine has succeeded.
				if err := <-failures; err != nil && !strings.Contains(err.Error(), exec.ErrWaitDelay.Error()) {
					h.t.Error(err)
				}
			}
		}
		all("docker create --name cN --network n1 probe")
		all("docker start cN")
		if leases := strings.Count(h.dump(), "1"); leases < 101 {
			h.t.Errorf("%d addresses are taken, want those of 100 containers and the gateway", leases)
		}
		all("docker rm -f cN")
		h.wantAsBefore(before)
		if log := h.plugin.Log(); strings.Contains(log, "found broken") {
			h.t.Error("something was taken for damage")
		}
	})
}

// TestFlushUnderTraffic wants a connection to go on after all rules were flushed, and
// tells what it lost until they were back.
func TestFlushUnderTraffic(t *testing.T) {
	onEachBackend(t, func(h *host) {
		h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		dropForwarded(h)
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.MustDocker("run", "-d", "--name", "watcher", "--network", "n1", "probe", "watch", "198.51.100.2")
		h.run("one", "n1")
		h.wantReached("one", "198.51.100.2")
		before := h.ours()
		h.MustRun("nft", "flush", "ruleset")
		dropForwarded(h) // a flush takes the policy along
		h.wantSoon(h.ours, before)
		h.wantReached("one", "198.51.100.2")
		h.MustDocker("stop", "-t", "5", "watcher")
		seen := h.MustDocker("logs", "watcher")
		if strings.Contains(seen, "sent 0") {
			h.t.Errorf("the container saw %q", seen)
		}
		h.t.Log(seen)
	})
}
