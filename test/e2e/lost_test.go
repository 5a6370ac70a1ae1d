package e2e

import (
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestStateLost loses the state in each way while containers run. No address in
// use may be given again, the containers go on, and all can be removed as ever.
func TestStateLost(t *testing.T) {
	t.Parallel()
	const state = "/var/lib/mybridge/state.db"
	losses := map[string]string{
		"directory deleted":   "rm -rf /var/lib/mybridge",
		"file deleted":        "rm " + state,
		"truncated":           "truncate -s 9000 " + state,
		"emptied":             "truncate -s 0 " + state,
		"garbage":             "head -c 65536 /dev/urandom > " + state,
		"old copy":            "cp /run/old.db " + state,
		"old copy and backup": "cp /run/old.db " + state + "; cp /run/old.db " + state + ".backup",
	}
	for _, root := range engine.Roots(t) {
		for name, command := range losses {
			t.Run(root.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, root, engine.Options{})
				before := h.whatIsThere()
				h.createNetwork("n1", "--subnet", "192.168.0.0/24", "--ip-range", "192.168.0.64/26", "--aux-address", "printer=192.168.0.66")
				h.run("old", "n1")
				h.restartPlugin() // so that the copy is of a file at rest
				h.MustRun("cp", state, "/run/old.db")
				h.run("new", "n1")
				h.run("fixed", "n1", "--ip", "192.168.0.68")
				h.createNetwork("n2", "--internal", "-o", "com.docker.network.bridge.name=second0")
				h.run("other", "n2")

				h.plugin.Kill()
				h.MustRun("sh", "-c", command)
				h.startPlugin()
				h.wantReached("old", "new")
				taken := map[string]string{}
				for i, container := range []string{"old", "new", "fixed", "more", "most"} {
					if i >= 3 {
						h.run(container, "n1")
					}
					address := h.address(container, "n1")
					if other := taken[address]; other != "" {
						t.Errorf("%s and %s both have %s", other, container, address)
					}
					taken[address] = container
					h.wantReached("old", address)
				}
				for _, never := range []string{"192.168.0.66", "192.168.0.1"} {
					if container := taken[never]; container != "" {
						t.Errorf("%s has %s, which is not for containers", container, never)
					}
				}
				if address := h.address("most", "n1"); !strings.HasPrefix(address, "192.168.0.6") && !strings.HasPrefix(address, "192.168.0.7") {
					t.Errorf("the newest container has %s, outside of the range", address)
				}
				h.run("another", "n2")
				h.wantReached("another", "other")
				h.MustDocker("rm", "-f", "old", "new", "fixed", "more", "most", "other", "another")
				h.MustDocker("network", "rm", "n1", "n2")
				h.wantAsBefore(before)
			})
		}
	}
}

// TestStateLostWithoutEngine wants no dynamic address from a kept pool while
// nobody tells what is in use, until a person does.
func TestStateLostWithoutEngine(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.args = append(h.args, "--engine-socket", "/run/nobody.sock")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.plugin.Kill()
		h.MustRun("rm", "-rf", "/var/lib/mybridge")
		h.startPlugin()
		h.wantFailure("no dynamic address is given now.*trust", "docker", "run", "--rm", "--network", "n1", "probe")
		h.run("fixed", "n1", "--ip", "192.168.0.9")
		h.createNetwork("n2")
		h.run("two", "n2")
		h.restartPlugin()
		h.wantFailure("no dynamic address is given now", "docker", "run", "--rm", "--network", "n1", "probe")
		h.MustRun("mybridge", "ipam", "trust")
		h.run("three", "n1")
		h.wantReached("three", "192.168.0.2")
	})
}
