// Package e2e holds the tests that drive a real engine with the plugin beside
// it, as a user does. Each test has an engine of its own, of each version.
package e2e

import (
	"flag"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mybridge/test/daemon"
	"mybridge/test/engine"
)

// host is a machine with an engine and a running plugin.
type host struct {
	*engine.Engine
	t      *testing.T
	plugin *engine.Process
	// args are the plugin's flags beside "serve".
	args []string
}

// atOnce is how many tests run at a time, at least: they mostly wait for something.
const atOnce = 4

func TestMain(m *testing.M) {
	// What the command line says is read later.
	if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	daemon.Main(m)
}

// onEachEngine runs the test on a host with each engine version.
func onEachEngine(t *testing.T, test func(h *host)) {
	onEachEngineWith(t, engine.Options{}, test)
}

func onEachEngineWith(t *testing.T, options engine.Options, test func(h *host)) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			test(newHost(t, root, options))
		})
	}
}

func newHost(t *testing.T, root engine.Root, options engine.Options, flags ...string) *host {
	t.Helper()
	h := &host{Engine: engine.Start(t, root, options), t: t, args: append([]string{"--log-level", "debug"}, flags...)}
	h.Install(daemon.Binary(t))
	h.startPlugin()
	return h
}

// startPlugin waits until the plugin is ready. What a killed one was about to run may
// have its sockets until it runs: then it is started once more, as who supervises it
// does.
func (h *host) startPlugin() {
	h.t.Helper()
	for {
		h.plugin = h.Spawn("mybridge", append([]string{"serve"}, h.args...)...)
		if !h.isSocketHeld() {
			break
		}
	}
	h.plugin.WaitLog(ready)
}

// ready is what the plugin says when it is.
const ready = "mybridge is ready"

// isSocketHeld waits until the plugin is ready or has ended, and reports whether the
// reason is that somebody has its socket.
func (h *host) isSocketHeld() bool {
	for range 500 {
		select {
		case <-h.plugin.Done():
			return strings.Contains(h.plugin.Log(), "somebody listens there already")
		case <-time.After(10 * time.Millisecond):
		}
		if strings.Contains(h.plugin.Log(), ready) {
			break
		}
	}
	return false
}

// restartPlugin kills the plugin as a crash would, and starts it again.
func (h *host) restartPlugin() {
	h.t.Helper()
	h.plugin.Kill()
	h.startPlugin()
}

// createNetwork creates a network with mybridge's own addresses.
func (h *host) createNetwork(name string, arguments ...string) {
	h.t.Helper()
	h.MustDocker(append(append([]string{"network", "create", "-d", "mybridge", "--ipam-driver", "mybridge"}, arguments...), name)...)
}

// run starts a container.
func (h *host) run(name, network string, arguments ...string) {
	h.t.Helper()
	h.MustDocker(append(append([]string{"run", "-d", "--name", name, "--network", network}, arguments...), "probe")...)
}

// serve starts a container that answers on TCP port 80 and UDP port 53.
func (h *host) serve(name, network string, arguments ...string) {
	h.t.Helper()
	h.MustDocker(append(append([]string{"run", "-d", "--name", name, "--network", network}, arguments...), "probe", "serve", "-tcp", "80", "-udp", "53")...)
}

// probe runs the probe in a container.
func (h *host) probe(container string, arguments ...string) (string, error) {
	return h.Docker(append([]string{"exec", container, "/probe"}, arguments...)...)
}

func (h *host) wantReached(container, address string) {
	h.t.Helper()
	if _, err := h.probe(container, "ping", "-count", "1", "-timeout", "5s", address); err != nil {
		h.t.Errorf("%s does not reach %s: %v", container, address, err)
	}
}

func (h *host) wantNotReached(container, address string) {
	h.t.Helper()
	if answer, err := h.probe(container, "ping", "-count", "1", "-timeout", "700ms", address); err == nil {
		h.t.Errorf("%s reaches %s: %s", container, address, answer)
	}
}

// address is the container's IPv4 address on the network.
func (h *host) address(container, network string) string {
	h.t.Helper()
	return h.MustDocker("inspect", "-f", `{{(index .NetworkSettings.Networks "`+network+`").IPAddress}}`, container)
}

func (h *host) wantAddress(container, network, want string) {
	h.t.Helper()
	if got := h.address(container, network); got != want {
		h.t.Errorf("%s has %s on %s, want %s", container, got, network, want)
	}
}

// dump is what 'mybridge ipam dump' prints.
func (h *host) dump() string {
	h.t.Helper()
	return h.MustRun("mybridge", "ipam", "dump")
}

func (h *host) wantDump(subnet, taken string) {
	h.t.Helper()
	want := fmt.Sprintf(`{"%s":"%s%s"}`, subnet, taken, strings.Repeat("0", 255-len(taken)))
	if got := h.dump(); got != want {
		h.t.Errorf("the dump is %s, want %s", got, want)
	}
}

// whatIsThere is all that a network could leave behind.
func (h *host) whatIsThere() string {
	h.t.Helper()
	return h.Snapshot() + "addresses " + h.dump() + "\n"
}

// wantAsBefore waits a moment: a removal is answered before all is gone, and rules
// that networks share stay for a while.
func (h *host) wantAsBefore(before string) {
	h.t.Helper()
	h.wantSoon(h.whatIsThere, before)
}

func (h *host) wantSoon(there func() string, before string) {
	h.t.Helper()
	if now := h.waitFor(there, func(now string) bool { return now == before }); now != before {
		h.t.Errorf("there is now\n%s\nbefore there was\n%s", now, before)
	}
}

// waitFor waits until what is there is enough, and returns it, enough or not. The time
// only bounds a failure.
func (h *host) waitFor(there func() string, enough func(now string) bool) string {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if now := there(); enough(now) || time.Now().After(deadline) {
			return now
		}
	}
}

// wantFailure wants the command to fail with an error that matches the pattern.
func (h *host) wantFailure(pattern string, arguments ...string) {
	h.t.Helper()
	output, err := h.Run(arguments...)
	if err == nil {
		h.t.Errorf("%v succeeded: %s", arguments, output)
		return
	}
	if !regexp.MustCompile("(?i)" + pattern).MatchString(err.Error()) {
		h.t.Errorf("%v failed with %q, want %q in it", arguments, err, pattern)
	}
}
