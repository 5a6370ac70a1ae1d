package driver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// TestStuckCreation wants a network whose making and whose undoing both fail to be
// tried again, told once when that begins and once when it is over, and to refuse its
// subnet meanwhile, by its name, and nothing else.
func TestStuckCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d, log := loggedWorld(t)
		rules := &brokenRules{world: w}
		d.firewall = rules
		rules.broken.Store(true)
		if err := d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")); !errors.Is(err, errInjected) {
			t.Fatalf("created with %v, want it to fail", err)
		}
		stop := startReaping(t, d)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, there := w.bridges["mb-n1"]; !there || d.Backlog() != 1 {
			t.Fatal("nothing is left to be reaped")
		}
		if got := said(log, "trying again"); got != 1 {
			t.Errorf("it is said %d times that deletions fail, want once", got)
		}
		err := d.CreateNetwork(t.Context(), config("n2", "10.1.0.0/25"))
		if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "network n1") || !strings.Contains(err.Error(), "not finished") {
			t.Errorf("its subnet is refused with %v, want the network that has it named", err)
		}
		rules.broken.Store(false)
		time.Sleep(2 * slowest)
		synctest.Wait()
		if d.Backlog() != 0 {
			t.Error("it was not tried again")
		}
		w.checkEmpty(t, "after it was tried again")
		if got := said(log, "deletions are finished again"); got != 1 {
			t.Errorf("it is said %d times that it is over, want once", got)
		}
		stop()
	})
}

// TestStuckIsInNobodysWay wants a deletion that fails to hold up only what needs what
// it has.
func TestStuckIsInNobodysWay(t *testing.T) {
	w, d := worldBefore(t, 3)
	stuck := &stuckBridge{world: w}
	d.links = stuck
	must(t, d.CreateNetwork(t.Context(), config("n2", "10.2.0.0/24")))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	must(t, d.DeleteNetwork(t.Context(), "n2"))
	stuck.name = "mb-n1"
	must(t, d.CreateNetwork(t.Context(), config("n3", "10.2.0.0/24")))
	err := d.CreateNetwork(t.Context(), config("n4", "10.1.0.0/24"))
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "network n1") {
		t.Errorf("its subnet is refused with %v, want the network that has it named", err)
	}
}

// TestStuckSweep wants rules that networks shared to be tried again until they are gone,
// told once when that begins and once when it is over.
func TestStuckSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d, log := loggedWorld(t)
		rules := &brokenRules{world: w}
		d.firewall = rules
		must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
		must(t, d.DeleteNetwork(t.Context(), "n1"))
		rules.broken.Store(true)
		stop := startReaping(t, d)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := said(log, "of no network could not be removed"); got != 1 {
			t.Errorf("it is said %d times that rules stay, want once", got)
		}
		rules.broken.Store(false)
		time.Sleep(2 * slowest)
		synctest.Wait()
		if w.sweeps != 1 {
			t.Errorf("what networks shared was swept away %d times", w.sweeps)
		}
		if got := said(log, "of no network are gone"); got != 1 {
			t.Errorf("it is said %d times that it is over, want once", got)
		}
		stop()
	})
}

// brokenRules is a packet filter that cannot be changed while it is broken.
type brokenRules struct {
	*world
	broken atomic.Bool
}

func (b *brokenRules) SetNetwork(ctx context.Context, n firewall.Network) error {
	if b.broken.Load() {
		return errInjected
	}
	return b.world.SetNetwork(ctx, n)
}

func (b *brokenRules) Sweep(ctx context.Context) error {
	if b.broken.Load() {
		return errInjected
	}
	return b.world.Sweep(ctx)
}

func (b *brokenRules) RemoveNetwork(ctx context.Context, network string) error {
	if b.broken.Load() {
		return errInjected
	}
	return b.world.RemoveNetwork(ctx, network)
}

// stuckBridge is a kernel that keeps a bridge.
type stuckBridge struct {
	*world
	name link.Name
}

func (s *stuckBridge) Remove(ctx context.Context, bridges []link.Bridge, veths []link.Veth) map[link.Name]error {
	others := slices.DeleteFunc(slices.Clone(bridges), func(b link.Bridge) bool { return b.Name == s.name })
	failures := s.world.Remove(ctx, others, veths)
	if len(others) < len(bridges) {
		failures[s.name] = errInjected
	}
	return failures
}

func loggedWorld(t *testing.T) (*world, *Driver, *test.Hook) {
	t.Helper()
	w := newWorld()
	log, hook := test.NewNullLogger()
	d, err := Open(t.Context(), Config{State: w, Links: w, Firewall: w, Ports: w, Log: log})
	must(t, err)
	return w, d, hook
}

func said(log *test.Hook, part string) int {
	n := 0
	for _, entry := range log.AllEntries() {
		if strings.Contains(entry.Message, part) {
			n++
		}
	}
	return n
}
