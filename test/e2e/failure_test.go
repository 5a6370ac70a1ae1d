package e2e

import (
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestEngineRestarts wants an engine that was stopped, and one that was killed, to
// find its networks as they were, and its containers to start again with their ports.
func TestEngineRestarts(t *testing.T) {
	onEachEngineWith(t, patient, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		empty, ours := h.whatIsThere(), h.withoutEngine()
		h.serve("web", "n1", "-p", "8080:80", "--ip", "192.168.0.9")
		h.serve("third", "n1", "-p", "8082:80")
		h.serve("again", "n1", "-p", "8081:80", "--restart", "always")

		h.StopDocker()
		h.wantAsBefore(empty)
		h.StartDocker()
		h.MustDocker("start", "web", "third")
		h.wantAnswers("8080", "8081")

		h.KillDocker()
		h.StartDocker()
		h.MustDocker("start", "web")
		h.wantAnswers("8080", "8081")
		h.wantAddress("web", "n1", "192.168.0.9")
		// The third is not started again.
		h.MustDocker("rm", "-f", "web", "again", "third")
		h.wantOursAsBefore(ours)
		h.wantNoPorts()
		h.wantHealthy("in the end")
	})
}

// TestLiveRestore wants containers not to notice that the engine is stopped, or
// killed, and comes back; and all of theirs to go with them.
func TestLiveRestore(t *testing.T) {
	options := patient
	options.DaemonArgs = []string{"--live-restore"}
	onEachEngineWith(t, options, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		empty := h.withoutEngine()
		h.serve("web", "n1", "-p", "8080:80")
		h.MustDocker("run", "-d", "--name", "watcher", "--network", "n1", "probe", "watch", "198.51.100.2")
		before := h.withoutEngine()
		pid := h.MustDocker("inspect", "-f", "{{.State.Pid}}", "web")
		for _, end := range []func(){h.StopDocker, h.KillDocker} {
			end()
			lan.MustRun("probe", "get", "-timeout", "5s", "198.51.100.1:8080")
			h.restartPlugin()
			lan.MustRun("probe", "get", "-timeout", "5s", "198.51.100.1:8080")
			h.StartDocker()
			lan.MustRun("probe", "get", "-timeout", "5s", "198.51.100.1:8080")
			h.wantOursAsBefore(before)
		}
		if now := h.MustDocker("inspect", "-f", "{{.State.Pid}}", "web"); now != pid {
			h.t.Errorf("web is process %s, it was %s", now, pid)
		}
		h.MustDocker("stop", "-t", "5", "watcher")
		if seen := h.MustDocker("logs", "watcher"); !strings.Contains(seen, "lost 0") || strings.Contains(seen, "sent 0") {
			h.t.Errorf("the container saw %q", seen)
		}
		h.MustDocker("rm", "-f", "web", "watcher")
		h.wantOursAsBefore(empty)
		h.wantNoPorts()
		h.wantHealthy("in the end")
	})
}

// TestContainersKilled wants nothing left of containers whose processes are killed at
// once, from outside and by the engine, and those to come back that are to.
func TestContainersKilled(t *testing.T) {
	onEachEngineWith(t, engine.Options{}, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		empty := h.whatIsThere()
		names := []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}
		for i, name := range names {
			restart := "no"
			if i < 2 {
				restart = "always"
			}
			h.serve(name, "n1", "-p", string(rune('1'+i))+"080:80", "--restart", restart)
		}
		h.MustRun("sh", "-c", "docker inspect -f '{{.State.Pid}}' "+strings.Join(names[:6], " ")+" | xargs -n1 sh -c 'kill -9 $0'")
		h.MustRun("sh", "-c", "echo "+strings.Join(names[6:], " ")+" | xargs -n1 -P2 docker kill")
		h.wantAnswers("1080", "2080")
		for _, name := range names[2:] {
			h.MustDocker("wait", name)
		}
		h.MustDocker(append([]string{"start"}, names[2:]...)...)
		h.wantAnswers("3080", "4080", "5080", "6080", "7080", "8080")
		h.MustDocker(append([]string{"rm", "-f"}, names...)...)
		h.wantAsBefore(empty)
		h.wantNoPorts()
		h.wantHealthy("in the end")
	})
}

// wantAnswers wants published ports to be reached soon.
func (h *host) wantAnswers(ports ...string) {
	h.t.Helper()
	for _, port := range ports {
		if _, err := h.Run("probe", "get", "-retry", "-timeout", "20s", "127.0.0.1:"+port); err != nil {
			h.t.Errorf("port %s is not reached: %v", port, err)
		}
	}
}

// wantOursAsBefore is wantAsBefore where the engine was started again meanwhile, which
// puts rules of its own into another order.
func (h *host) wantOursAsBefore(before string) {
	h.t.Helper()
	h.wantSoon(h.withoutEngine, before)
}
