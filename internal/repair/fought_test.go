package repair

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/internal/health"
	"mybridge/internal/watch"
)

// things are mended one by one: those that are fought are broken again at once.
type things struct {
	mu      sync.Mutex
	fought  map[string]bool
	broken  map[string]bool
	mended  map[string][]time.Time
	failure error
}

func (p *things) Mend(ctx context.Context) ([]health.Finding, error) {
	return p.MendBut(ctx, func(string) bool { return false })
}

func (p *things) MendBut(_ context.Context, spared func(string) bool) ([]health.Finding, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var findings []health.Finding
	for subject := range p.broken {
		if spared(subject) {
			continue
		}
		findings = append(findings, health.Finding{Part: health.Links, Subject: subject, Problem: "is gone", Fix: "make it again"})
		p.mended[subject] = append(p.mended[subject], time.Now())
		if p.failure == nil && !p.fought[subject] {
			delete(p.broken, subject)
		}
	}
	return findings, p.failure
}

func (p *things) damage(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[subject] = true
}

func (p *things) fail(failure error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = failure
}

func (p *things) times(subject string) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mended[subject]
}

// runThings runs a repairer of things of which somebody always changes something.
func runThings(t *testing.T, p *things, during func(log *test.Hook)) {
	t.Helper()
	p.broken, p.mended = map[string]bool{}, map[string][]time.Time{}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		log, hook := test.NewNullLogger()
		busy := func(ctx context.Context, changed func()) error {
			for ctx.Err() == nil {
				changed()
				watch.Pause(ctx, 50*time.Millisecond)
			}
			return nil
		}
		var running sync.WaitGroup
		running.Go(func() { New(log, func(health.Finding, bool) {}, Part{p, busy}).Run(ctx) })
		during(hook)
		stop()
		running.Wait()
		synctest.Wait()
	})
}

// TestFoughtAlone wants what somebody breaks again and again to hold up no repair but
// its own.
func TestFoughtAlone(t *testing.T) {
	p := &things{fought: map[string]bool{"link mbv1": true}}
	runThings(t, p, func(log *test.Hook) {
		p.damage("link mbv1")
		for range 100 {
			time.Sleep(6 * time.Second)
			began := time.Now()
			p.damage("link mbv2")
			time.Sleep(time.Second)
			if times := p.times("link mbv2"); len(times) == 0 || times[len(times)-1].Before(began) {
				t.Fatalf("%s after another began to be fought, a link was not mended within a second", began)
			}
		}
		if got := len(p.times("link mbv1")); got < patience || got > 30 {
			t.Errorf("what is fought was repaired %d times in twelve minutes, want fewer and fewer", got)
		}
		if got := count(log, "again and again"); got != 1 {
			t.Errorf("it is said %d times that something fights back, want once", got)
		}
	})
}

// TestFoughtNoMore wants a pause that grew to be over when what was fought holds.
func TestFoughtNoMore(t *testing.T) {
	p := &things{fought: map[string]bool{"link mbv1": true}}
	runThings(t, p, func(*test.Hook) {
		p.damage("link mbv1")
		time.Sleep(time.Minute)
		p.mu.Lock()
		clear(p.fought)
		p.mu.Unlock()
		time.Sleep(2 * slowest)
		began := time.Now()
		p.damage("link mbv1")
		time.Sleep(time.Second)
		if times := p.times("link mbv1"); times[len(times)-1].Before(began) {
			t.Error("it was not mended within a second although it held for a minute")
		}
	})
}

// TestFailureIsToldOnce wants a line when repairs begin to fail and one when they
// succeed again, and what is broken all the time told once.
func TestFailureIsToldOnce(t *testing.T) {
	p := &things{failure: errors.New("no process can be started")}
	runThings(t, p, func(log *test.Hook) {
		p.damage("link mbv1")
		time.Sleep(10 * time.Minute)
		if failed, broken := count(log, "repair failed"), count(log, "found broken"); failed != 1 || broken != 1 {
			t.Errorf("it is said %d times that repairs fail, and %d times what is broken, want once each", failed, broken)
		}
		if got := count(log, "again and again"); got != 0 {
			t.Errorf("it is said %d times that somebody breaks what was never repaired", got)
		}
		p.fail(nil)
		time.Sleep(2 * slowest)
		if got := count(log, "repairs succeed again"); got != 1 {
			t.Errorf("it is said %d times that repairs succeed again, want once", got)
		}
	})
}

func count(log *test.Hook, part string) int {
	n := 0
	for _, entry := range log.AllEntries() {
		if strings.Contains(entry.Message, part) {
			n++
		}
	}
	return n
}
