package orphan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/driver"
	"mybridge/internal/engine"
	"mybridge/ipam"
)

const poolID = "mybridge-local/"

// orphans are ways in which something is left, and what is removed then.
var orphans = map[string]struct {
	leave func(w *world)
	gone  []string
}{
	"network":  {func(w *world) { w.forgetNetwork("n1") }, []string{"network n1", "pool " + poolID + "10.1.0.0/24"}},
	"endpoint": {func(w *world) { w.forgetContainer("e1") }, []string{"endpoint e1", "address 10.1.0.2"}},
	"lease":    {func(w *world) { w.lease(pool1, "10.1.0.9", time.Hour) }, []string{"address 10.1.0.9"}},
	"pool":     {func(w *world) { w.pool(netip.MustParsePrefix("10.9.0.0/24"), time.Hour) }, []string{"pool " + poolID + "10.9.0.0/24"}},
	"pool with a lease": {func(w *world) {
		w.pool(netip.MustParsePrefix("10.9.0.0/24"), time.Hour)
		w.lease(netip.MustParsePrefix("10.9.0.0/24"), "10.9.0.2", time.Hour)
	}, []string{"pool " + poolID + "10.9.0.0/24"}},
	"pool beside the same subnet of the engine's own address manager": {func(w *world) {
		w.pool(netip.MustParsePrefix("172.17.0.0/16"), time.Hour)
	}, []string{"pool " + poolID + "172.17.0.0/16"}},
	"the only network": {func(w *world) {
		w.forgetNetwork("n1")
		w.forgetNetwork("n2")
		w.networks, w.endpoints = w.networks[:1], w.endpoints[:1]
	}, []string{"network n1", "pool " + poolID + "10.1.0.0/24"}},
	"deletion that failed half-way": {func(w *world) {
		w.forgetNetwork("n1")
		w.networks[0].Phase = driver.Deleting
	}, []string{"network n1", "pool " + poolID + "10.1.0.0/24"}},
}

// TestRemovedInTime wants an orphan to stay for its grace period and three looks,
// and to go then, with a line in the log.
func TestRemovedInTime(t *testing.T) {
	for name, test := range orphans {
		t.Run(name, func(t *testing.T) {
			run(t, test.leave, func(w *world, _ *Finder, log *logHook) {
				time.Sleep(first + grace - time.Second)
				w.wantGone(t, "before its time")
				time.Sleep(2 * time.Second)
				w.wantGone(t, "after its time", test.gone...)
				time.Sleep(time.Hour)
				w.wantGone(t, "much later", test.gone...)
				if lines := len(log.AllEntries()); lines != 1 {
					t.Errorf("%d lines are logged, want one", lines)
				}
			})
		})
	}
}

// TestLeft wants nothing removed that is in use or in doubt, and doubt to be told
// once.
func TestLeft(t *testing.T) {
	lan := engine.Network{ID: "m", Name: "lan", Driver: "macvlan", AddressDriver: "mybridge", Subnets: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24")}}
	stranger := engine.Network{ID: "x", Name: "shop", Driver: "mybridge"}
	for name, test := range map[string]struct {
		prepare func(w *world)
		// told are parts of the lines that are logged.
		told []string
	}{
		"all is known":   {func(*world) {}, nil},
		"another engine": {func(w *world) { w.forgetNetwork("n1"); w.forgetNetwork("n2") }, []string{"it may be another one", "it may be another one"}},
		"another engine than the one that knew them": {func(w *world) {
			w.known = "that one"
			w.forgetNetwork("n1")
			w.forgetNetwork("n2")
		}, []string{"it may be another one", "it may be another one"}},
		"another engine with a network of its own": {func(w *world) {
			w.networks, w.endpoints = w.networks[:1], w.endpoints[:1]
			w.listed = []engine.Network{stranger}
		}, []string{"it may be another one", "no container on it starts"}},
		"pools of another engine's": {func(w *world) {
			w.networks, w.endpoints = nil, nil
			w.forgetNetwork("n1")
			w.forgetNetwork("n2")
			w.pool(pool1, time.Hour)
			w.pool(pool2, time.Hour)
		}, []string{"it may be another one", "it may be another one"}},
		"stranger": {func(w *world) { w.listed = append(w.listed, stranger) }, []string{"no container on it starts"}},
		"network with a link in a container": {func(w *world) {
			w.forgetNetwork("n1")
			w.inContainer["mbve1"] = true
		}, []string{"its link mbve1 is in a container"}},
		"link in a container": {func(w *world) {
			w.forgetContainer("e1")
			w.inContainer["mbve1"] = true
		}, []string{"its link mbve1 is in a container"}},
		"network being created":      {func(w *world) { w.forgetNetwork("n1"); w.networks[0].Phase = driver.Creating }, nil},
		"endpoint that does not run": {func(w *world) { w.containers = w.containers[1:] }, nil},
		"auxiliary address": {func(w *world) {
			w.lease(pool1, "10.1.0.9", time.Hour)
			printer := map[netip.Addr]string{netip.MustParseAddr("10.1.0.9"): "printer"}
			w.details["n1"] = engine.Details{Endpoints: []string{"e1"}, Facts: []ipam.Fact{{Subnet: pool1, Used: printer}}}
		}, nil},
		"new lease": {func(w *world) { w.lease(pool1, "10.1.0.9", -time.Hour) }, nil},
		"pool of another driver": {func(w *world) {
			w.listed = append(w.listed, lan)
			w.pool(lan.Subnets[0], time.Hour)
		}, nil},
		"lease of another driver's pool": {func(w *world) {
			w.listed = append(w.listed, lan)
			w.details["m"] = engine.Details{}
			w.pool(lan.Subnets[0], time.Hour)
			w.lease(lan.Subnets[0], "10.9.0.5", time.Hour)
		}, []string{"network lan of driver macvlan"}},
		"network removed at this moment": {func(w *world) {
			w.forgetContainer("e1")
			w.lease(pool1, "10.1.0.9", time.Hour)
			delete(w.details, "n1")
		}, nil},
		"no engine": {func(w *world) { w.forgetNetwork("n1"); w.unreachable = engine.ErrNotReached }, nil},
		"engine that fails half-way": {func(w *world) {
			w.forgetNetwork("n1")
			w.forgetContainer("e2")
			w.confused = errTest
		}, []string{"was not found out"}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, test.prepare, func(w *world, _ *Finder, log *logHook) {
				time.Sleep(time.Hour / 2)
				w.wantGone(t, "after half an hour")
				logged := messages(log)
				for i, part := range test.told {
					if i >= len(logged) || !strings.Contains(logged[i], part) {
						t.Errorf("logged is %q, want %q in line %d", logged, part, i+1)
					}
				}
				if len(logged) != len(test.told) {
					t.Errorf("logged are %d lines, want %d: %q", len(logged), len(test.told), logged)
				}
			})
		})
	}
}

// TestSeenAgain wants the time to begin anew for what the engine knew in between, and
// neither to go on nor to begin anew where it was not asked.
func TestSeenAgain(t *testing.T) {
	forget := func(w *world) { w.forgetNetwork("n1") }
	run(t, forget, func(w *world, _ *Finder, _ *logHook) {
		time.Sleep(first + interval + time.Second)
		w.change(func() { w.listed = append(w.listed, engine.Network{ID: "n1"}) })
		time.Sleep(interval)
		w.change(func() { w.forgetNetwork("n1") })
		time.Sleep(2 * interval)
		w.wantGone(t, "seen four times, not in a row")
		time.Sleep(interval)
		w.wantGone(t, "seen three times in a row", orphans["network"].gone...)
	})
	run(t, forget, func(w *world, _ *Finder, _ *logHook) {
		time.Sleep(first + time.Second)
		w.change(func() { w.unreachable = engine.ErrNotReached })
		time.Sleep(time.Hour)
		w.wantGone(t, "while the engine is down")
		w.change(func() { w.unreachable = nil })
		time.Sleep(interval)
		w.wantGone(t, "seen a second time")
		time.Sleep(interval)
		w.wantGone(t, "seen a third time", orphans["network"].gone...)
	})
}

// TestEngineRemembered wants all networks gone that the engine has known, also where it
// knows none any more.
func TestEngineRemembered(t *testing.T) {
	run(t, func(*world) {}, func(w *world, _ *Finder, _ *logHook) {
		time.Sleep(first + time.Second)
		w.change(func() { w.forgetNetwork("n1"); w.forgetNetwork("n2") })
		time.Sleep(grace + 2*interval)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.networks) > 0 || w.known != w.id {
			t.Errorf("networks %v are left, and %q is remembered", w.networks, w.known)
		}
	})
}

// TestTriedAgain wants what could not be removed to be removed at the next look.
func TestTriedAgain(t *testing.T) {
	for name, test := range orphans {
		t.Run(name, func(t *testing.T) {
			fail := func(w *world) { test.leave(w); w.failure = errTest }
			run(t, fail, func(w *world, _ *Finder, log *logHook) {
				time.Sleep(first + grace + time.Second)
				w.wantGone(t, "after a failure")
				if logged := messages(log); len(logged) != 1 || !strings.Contains(logged[0], "could not be removed") {
					t.Errorf("logged is %q", logged)
				}
				time.Sleep(interval)
				w.wantGone(t, "at the next look", test.gone...)
			})
		})
	}
}

type logHook = test.Hook

func messages(log *logHook) []string {
	var messages []string
	for _, entry := range log.AllEntries() {
		messages = append(messages, fmt.Sprint(entry.Message, entry.Data))
	}
	slices.Sort(messages)
	return messages
}
