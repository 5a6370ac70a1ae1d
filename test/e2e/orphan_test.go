package e2e

import (
	"strings"
	"testing"
	"time"

	"mybridge/test/engine"
)

// patient is an engine that may take its time: each call to a plugin that is down
// takes it 15 s and more.
var patient = engine.Options{Timeout: 3 * time.Minute}

// TestOrphanedNetwork removes all networks while the plugin is down, of which no call
// will ever tell: the engine knows none of ours any more, but has known them.
func TestOrphanedNetwork(t *testing.T) {
	onEachEngineWith(t, patient, func(h *host) {
		before := h.whatIsThere()
		h.createNetwork("n1")
		h.createNetwork("other")
		subnet := h.MustDocker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "n1")
		// The plugin asks the engine after 5 s, and remembers which it was.
		engineID := h.MustDocker("info", "-f", "{{.ID}}")
		h.wantSoon(func() string {
			return h.MustRun("sh", "-c", "grep -q "+engineID+" /var/lib/mybridge/state.db && echo kept || true")
		}, "kept")
		h.plugin.Kill()
		h.MustRun("sh", "-c", "docker network rm n1 & docker network rm other & wait")
		h.wantDoctor(1, "is not known to the engine", "is not known to the engine", "the plugin does not run")
		h.startPlugin()
		h.wantDoctor(1, "is not known to the engine", "is not known to the engine")
		if output, code := h.doctor("--fix"); code != 0 || !strings.Contains(output, "fixed: network ") || !strings.HasSuffix(output, "healthy") {
			h.t.Errorf("doctor --fix ended with %d: %s", code, output)
		}
		h.wantAsBefore(before)
		h.wantHealthy("after the fix")
		h.createNetwork("n2")
		if got := h.MustDocker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "n2"); got != subnet {
			h.t.Errorf("a new network gets %s, want %s again", got, subnet)
		}
	})
}

// TestOrphanedEndpoint removes one of two containers while the plugin is down, and
// mends without the plugin.
func TestOrphanedEndpoint(t *testing.T) {
	onEachEngineWith(t, patient, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("stays", "n1")
		before := h.whatIsThere()
		h.serve("goes", "n1", "-p", "8080:80", "--ip", "192.168.0.9")
		h.plugin.Kill()
		h.MustDocker("rm", "-f", "goes")
		if output, _ := h.doctor("--fix"); !strings.Contains(output, "fixed: endpoint ") {
			h.t.Errorf("doctor --fix says %s", output)
		}
		h.wantDoctor(1, "the plugin does not run")
		h.wantAsBefore(before)
		h.startPlugin()
		h.wantHealthy("after a start")
		h.run("next", "n1", "--ip", "192.168.0.9")
		h.wantReached("next", "stays")
	})
}

// TestOrphanInUse wants a network to stay whose container runs, whatever the engine
// says: here because another engine is asked, which knows none of ours.
func TestOrphanInUse(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.run("two", "n1")
		h.MustRun("ip", "link", "add", "other0", "type", "bridge")
		h.MustRun("ip", "address", "add", "172.30.0.1/24", "dev", "other0")
		before := h.whatIsThere()
		h.Spawn("dockerd", "--host", "unix:///run/other.sock", "--data-root", "/var/lib/other", "--exec-root", "/run/other",
			"--pidfile", "/run/other.pid", "--bridge", "other0", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs").WaitLog("API listen on")
		output, code := h.doctor("--fix", "--engine-socket", "/run/other.sock")
		if code != 1 || !strings.Contains(output, "it is left as it is") {
			h.t.Errorf("doctor --fix ended with %d: %s", code, output)
		}
		h.wantReached("one", "two")
		h.wantAsBefore(before)
		h.wantHealthy("with the right engine")
	})
}

// TestStranger wants a network told that the plugin has lost.
func TestStranger(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.plugin.Kill()
		h.MustRun("rm", "-rf", "/var/lib/mybridge")
		h.MustRun("sh", "-c", "ip -o link show type bridge | sed -n 's/^[0-9]*: \\(mb-[^:@]*\\).*/\\1/p' | xargs -n1 ip link delete")
		h.startPlugin()
		h.wantDoctor(1, "is not known to the plugin")
		h.MustDocker("network", "rm", "n1")
		h.wantHealthy("after it was removed")
	})
}

// TestNothingOrphaned wants nothing found of what the engine alone uses.
func TestNothingOrphaned(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.7.0/24", "--ip-range", "192.168.7.64/26", "--aux-address", "printer=192.168.7.66")
		h.MustDocker("network", "create", "-d", "bridge", "--ipam-driver", "mybridge",
			"--subnet", "192.168.8.0/24", "--aux-address", "router=192.168.8.9", "engines-network")
		h.MustDocker("network", "create", "-d", "mybridge", "--subnet", "192.168.9.0/24", "engines-addresses")
		h.run("one", "engines-network")
		h.run("two", "n1")
		h.run("three", "engines-addresses")
		h.MustDocker("run", "-d", "--name", "over", "--network", "n1", "probe", "true")
		h.wantHealthy("with what only the engine uses")
	})
}
