package e2e

import (
	"strings"
	"testing"
)

// TestConnectionOutlivesPlugin wants not one packet lost while the plugin is
// killed, is away, and comes back.
func TestConnectionOutlivesPlugin(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.MustDocker("run", "-d", "--name", "watcher", "--network", "n1", "probe", "watch", "198.51.100.2")
		for range 3 {
			h.plugin.Kill()
			h.wantReached("one", "198.51.100.2")
			h.startPlugin()
			h.wantReached("one", "198.51.100.2")
		}
		h.run("two", "n1")
		h.wantAddress("two", "n1", "192.168.0.4")
		h.MustDocker("stop", "-t", "5", "watcher")
		seen := h.MustDocker("logs", "watcher")
		if !strings.Contains(seen, "lost 0") || strings.Contains(seen, "sent 0") {
			h.t.Errorf("the container saw %q", seen)
		}
		h.t.Log(seen)
	})
}

// TestStop wants a polite end, the data path to stand, and the socket gone.
func TestStop(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.run("two", "n1")
		before := h.Snapshot()
		if code := h.plugin.Stop(); code != 0 {
			h.t.Errorf("the plugin ended with %d", code)
		}
		if after := h.Snapshot(); after != before {
			h.t.Errorf("stopping changed\n%s\nto\n%s", before, after)
		}
		h.wantReached("one", "192.168.0.3")
		if _, err := h.Run("ls", "/run/docker/plugins/mybridge.sock"); err == nil {
			h.t.Error("the socket is left")
		}
		h.wantDump("192.168.0.0/24", "111") // from the state
		h.startPlugin()
		h.MustDocker("rm", "-f", "one")
		h.wantDump("192.168.0.0/24", "101")
	})
}

// TestSecondPlugin wants a second instance refused on the same socket, and at
// home with names of its own.
func TestSecondPlugin(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.wantFailure("mybridge.sock: somebody listens there already", "mybridge", "serve")
		h.wantFailure("in use by another process", "mybridge", "serve", "--name", "other")
		before := h.Snapshot()
		second := h.Spawn("mybridge", "serve", "--name", "second", "--state-dir", "/var/lib/second")
		second.WaitLog("mybridge is ready")
		h.createNetwork("n1", "--subnet", "192.168.1.0/24")
		h.MustDocker("network", "create", "-d", "second", "--ipam-driver", "second", "--subnet", "192.168.2.0/24", "n2")
		h.run("one", "n1")
		h.run("two", "n1")
		h.run("three", "n2")
		h.run("four", "n2")
		h.restartPlugin()
		h.wantReached("one", "two")
		h.wantReached("three", "four")
		h.MustDocker("rm", "-f", "one", "two", "three", "four")
		h.MustDocker("network", "rm", "n1", "n2")
		h.wantSoon(h.Snapshot, before)
	})
}
