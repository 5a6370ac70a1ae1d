package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mybridge/test/daemon"
)

// longestWait is for what takes milliseconds, unless it hangs.
const longestWait = 20 * time.Second

// plugin is the plugin of a host, with points at which something can go wrong.
type plugin struct {
	*daemon.Plugin
	t *testing.T
}

// newPlugin begins with the state in the directory, if there is one. The engine sends
// again what had no answer, this one does not: it gives up a connection after each
// call.
func newPlugin(t *testing.T, h host, state string) *plugin {
	t.Helper()
	p := &plugin{daemon.New(t, inMemory(), daemon.Binary(t, "faults"), "--firewall", h.firewall, "--log-level", "warning"), t}
	if _, err := os.Stat(state); err == nil {
		copyState(t, state, p.Path("state"))
	}
	programs := p.Path("no-programs")
	if h.iptables {
		programs = os.Getenv("PATH")
	}
	p.Environment = []string{"PATH=" + programs, "MYBRIDGE_FAULT_FILE=" + p.Path("order")}
	p.Transport.DisableKeepAlives = true
	return p
}

// inMemory is a place that is, where there is one: what a sync is worth is not asked
// here.
func inMemory() string {
	const place = "/dev/shm"
	if _, err := os.Stat(place); err != nil {
		return ""
	}
	return place
}

// hasEnded reports whether the process has, waiting for a moment where it is about
// to.
func (p *plugin) hasEnded(about bool) bool {
	if about {
		select {
		case <-p.Ended():
		case <-time.After(longestWait):
			p.t.Error("the plugin should have ended")
		}
	}
	return p.HasEnded()
}

// untilDeleted waits until the plugin has finished the deletions that it answered, or
// has ended: what goes wrong in that goes wrong in the call.
func (p *plugin) untilDeleted(ctx context.Context) {
	for ctx.Err() == nil && !p.HasEnded() {
		numbers, err := p.Get(ctx, "/metrics")
		if err == nil && bytes.Contains(numbers, []byte("\nmybridge_deletions_unfinished 0\n")) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// order is what is to go wrong, as package fault reads it.
func (p *plugin) order(text string) {
	p.t.Helper()
	// Renamed, so that nobody reads half of it.
	if err := os.WriteFile(p.Path("order.new"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(p.Path("order.new"), p.Path("order")); err != nil {
		p.t.Fatal(err)
	}
}

// withdraw takes the order back, and reports whether it was carried out.
func (p *plugin) withdraw() bool {
	p.t.Helper()
	err := os.Remove(p.Path("order"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return err != nil
}

// startTracing lets the plugin write down the points that it passes, from its next start
// on.
func (p *plugin) startTracing() {
	p.Environment = append(p.Environment, "MYBRIDGE_FAULT_TRACE="+p.Path("trace"))
}

// trace returns the points that were passed since the last time, as orders name
// them.
func (p *plugin) trace() []string {
	p.t.Helper()
	content, err := os.ReadFile(p.Path("trace"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.Path("trace"), nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
	var points []string
	times := map[string]int{}
	for line := range strings.Lines(string(content)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if times[name]++; times[name] > 1 {
			name = fmt.Sprintf("%s#%d", name, times[name])
		}
		points = append(points, name)
	}
	return points
}
