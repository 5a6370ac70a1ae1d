package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// shows runs the command, and wants all the parts in what it prints.
func (h *host) shows(wantCode int, parts []string, arguments ...string) {
	h.t.Helper()
	output, err := h.Run(append([]string{"mybridge"}, arguments...)...)
	code := 0
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		code = exit.ExitCode()
	} else if err != nil {
		h.t.Fatal(err)
	}
	if code != wantCode {
		h.t.Errorf("%v ended with %d, %v, want %d", arguments, code, err, wantCode)
	}
	for _, part := range parts {
		if !strings.Contains(strings.Join(strings.Fields(output), " "), part) {
			h.t.Errorf("%v prints\n%s\nwant %q in it", arguments, output, part)
		}
	}
}

// TestStatus wants the commands to show a container by its name and by what it has, and
// the same networks while the plugin is stopped.
func TestStatus(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.shows(0, []string{"networks: 0"}, "status")
		h.createNetwork("shop", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=shop0")
		h.serve("web", "shop", "-p", "127.0.0.1:8080:80")
		endpoint := h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.shop.EndpointID}}", "web")
		address := h.address("web", "shop") + "/24"
		shop := "shop0 192.168.0.0/24 1 1 2 252 ready"
		h.shows(0, []string{"runs since", "answers at /run/docker.sock, containers that run: 1", "last call 20", shop}, "status")
		for _, code := range []int{0, 1} {
			h.shows(code, []string{"shop ", shop}, "network", "ls")
			h.shows(code, []string{"bridge shop0, ", "gateway 192.168.0.1", "web " + endpoint[:12]}, "network", "inspect", "shop")
			h.shows(code, []string{"web " + endpoint[:12] + " shop " + address}, "endpoint", "ls", "web")
			h.shows(code, []string{`"container":"web"`, `"host":"127.0.0.1:8080"`}, "endpoint", "ls", "--json")
			h.plugin.Kill()
		}
		h.shows(1, []string{"plugin does not run", shop}, "status")
		h.shows(1, nil, "events")
		h.startPlugin()
		h.shows(0, []string{"last call none since", shop}, "status")
		h.MustDocker("stop", "-t", "1", "web")
		h.wantSoon(func() string { return h.MustRun("mybridge", "endpoint", "ls", "--json") }, "[]")
	})
}

// TestEvents wants who follows told of a container's whole life, of what somebody broke
// and of what was refused, and to end with the plugin, which does not wait for it.
func TestEvents(t *testing.T) {
	onEachEngine(t, func(h *host) {
		follower := h.Spawn("mybridge", "events")
		for deadline := time.Now().Add(10 * time.Second); !strings.Contains(follower.Log(), "network-deleted"); {
			if time.Now().After(deadline) {
				t.Fatalf("no event was seen: %s", follower.Log())
			}
			h.createNetwork("early")
			h.MustDocker("network", "rm", "early")
		}
		h.createNetwork("shop", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=shop0")
		follower.WaitLog("192.168.0.0/24, bridge shop0")
		h.serve("web", "shop", "-p", "127.0.0.1:8080:80")
		address := h.address("web", "shop")
		follower.WaitLog("80/tcp -> 127.0.0.1:8080")
		h.wantFailure("in use", "docker", "run", "-d", "--name", "late", "--network", "shop", "-p", "127.0.0.1:8080:80", "probe")
		follower.WaitLog("refused            NetworkDriver.")
		h.MustRun("ip", "link", "set", "shop0", "down")
		follower.WaitLog("repaired           bridge shop0")
		time.Sleep(1500 * time.Millisecond) // the engine is asked for names beside the events
		h.MustDocker("rm", "-f", "web", "late")
		follower.WaitLog("endpoint-detached  ")
		follower.WaitLog("endpoint-deleted   web on shop: " + address + "/24, link mbv")
		h.MustDocker("network", "rm", "shop")
		follower.WaitLog("network-deleted    shop: ")
		began := time.Now()
		if code := h.plugin.Stop(); code != 0 || time.Since(began) > 5*time.Second {
			t.Errorf("the plugin ended with %d after %s", code, time.Since(began))
		}
		select {
		case <-follower.Done():
		case <-time.After(5 * time.Second):
			t.Error("who follows is not told that the plugin stops")
		}
		if !strings.Contains(follower.Log(), "the plugin has stopped") {
			t.Errorf("it ends without a reason: %s", follower.Log())
		}
	})
}
