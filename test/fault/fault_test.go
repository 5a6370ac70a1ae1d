// Package fault drives every call of both plugin protocols through every place at
// which it can be cut short or fail (package fault of internal), with real links,
// rules and sockets, and plays what the engine does then: it calls again, takes
// back what it has, or goes on as if nothing was.
//
// Whatever happens, the host must look as it did before the call or as it does
// after it, and as before the first call when all is deleted. What it looks like
// is learned from a life without faults.
package fault

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mybridge/test/daemon"
	"mybridge/test/kernel"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// host is a kind of host to drive the calls on.
type host struct {
	name     string
	firewall string
	// iptables says that it has iptables.
	iptables bool
	// points begins the names of the points that are driven, all where it is empty.
	points []string
}

// worlds is how many hosts there are at a time. They mostly wait for something.
const worlds = 4

// TestFaults drives all calls on hosts of each kind.
func TestFaults(t *testing.T) {
	if os.Geteuid() != 0 {
		kernel.Skip(t, "network namespaces need root")
	}
	state := filepath.Join(t.TempDir(), "state")
	if !t.Run("make state", func(t *testing.T) { makeState(t, state) }) {
		return
	}
	for _, h := range []host{
		{name: "nftables", firewall: "nftables"},
		{name: "nftables beside iptables", firewall: "nftables", iptables: true, points: []string{"iptables."}},
		{name: "iptables", firewall: "iptables", iptables: true, points: []string{"iptables."}},
	} {
		t.Run(h.name, func(t *testing.T) { driveHost(t, h, state) })
	}
}

// driveHost learns what each call does without faults, then drives it with them.
func driveHost(t *testing.T, h host, state string) {
	var jobs []job
	t.Run("learn", func(t *testing.T) {
		w := newLivelyWorld(t, h, state)
		w.plugin.startTracing()
		for _, s := range stories() {
			w.learn(s)
			jobs = append(jobs, jobsOf(s, h.points)...)
		}
	})
	queue := newQueue(jobs)
	// Not by t.Parallel, which lets no more run than there are processors.
	var working sync.WaitGroup
	for range worlds {
		working.Go(func() { queue.work(t, h, state) })
	}
	working.Wait()
	t.Log(queue.result())
	if !t.Failed() && queue.hits == 0 {
		t.Error("no fault was driven: this tested nothing")
	}
}

// TestReleasesHaveNoPoints looks into the plugin as it is released.
func TestReleasesHaveNoPoints(t *testing.T) {
	content, err := os.ReadFile(daemon.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link.bridge.added", "store.committed", "MYBRIDGE_FAULT"} {
		if bytes.Contains(content, []byte(name)) {
			t.Errorf("the plugin has %q in it", name)
		}
	}
}
