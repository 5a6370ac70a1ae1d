package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/internal/health"
	"mybridge/internal/watch"
)

// part is broken until it is mended, or again after each time.
type part struct {
	mu       sync.Mutex
	broken   []health.Finding
	lasting  bool
	mendings []time.Time
	looks    int
	// observed is what was told of it: a finding, and whether it was mended.
	observed []string
}

func (p *part) observe(f health.Finding, mended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.observed = append(p.observed, fmt.Sprint(f, " ", mended))
}

func (p *part) Mend(context.Context) ([]health.Finding, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks++
	found := p.broken
	if len(found) > 0 {
		p.mendings = append(p.mendings, time.Now())
	}
	if !p.lasting {
		p.broken = nil
	}
	return found, nil
}

func (p *part) damage(findings ...health.Finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = findings
}

func (p *part) times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mendings
}

var (
	ruleGone = health.Finding{Part: health.Rules, Subject: "table inet mybridge", Problem: "is gone", Meaning: "no port is reached", Fix: "make it again"}
	linkGone = health.Finding{Part: health.Links, Subject: "link mbv1", Problem: "is gone", Meaning: "its container reaches nobody"}
)

// run runs a repairer of the part in time that a test makes pass.
func run(t *testing.T, p *part, during func(r *Repairer, changed func(), log *test.Hook)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		log, hook := test.NewNullLogger()
		log.SetLevel(logrus.InfoLevel)
		events := make(chan struct{})
		watching := func(ctx context.Context, changed func()) error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-events:
					changed()
				}
			}
		}
		r := New(log, p.observe, Part{p, watching})
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		during(r, func() { events <- struct{}{} }, hook)
		stop()
		running.Wait()
		synctest.Wait()
	})
}

// TestMendedInTime wants what an event tells of mended within two seconds, even
// when a round has just been, and what no event tells of by the slow look.
func TestMendedInTime(t *testing.T) {
	p := &part{}
	run(t, p, func(r *Repairer, changed func(), log *test.Hook) {
		for range 3 {
			began := time.Now()
			p.damage(ruleGone)
			changed()
			time.Sleep(2 * time.Second)
			if times := p.times(); len(times) == 0 || times[len(times)-1].Before(began) {
				t.Error("it was not mended within two seconds")
			}
		}
		p.damage(ruleGone)
		time.Sleep(slow + 2*time.Second)
		if got := r.Counts()[health.Rules]; got != 4 {
			t.Errorf("%d repairs are counted, want 4", got)
		}
		if got := len(log.AllEntries()); got != 4 {
			t.Errorf("%d lines are logged, want one a repair", got)
		}
		if want := slices.Repeat([]string{"table inet mybridge is gone true"}, 4); !slices.Equal(p.observed, want) {
			t.Errorf("told is %q, want %q", p.observed, want)
		}
	})
}

// TestNoStorm wants pauses to grow where something fights back, and a line to say so.
func TestNoStorm(t *testing.T) {
	p := &part{lasting: true}
	run(t, p, func(_ *Repairer, changed func(), log *test.Hook) {
		p.damage(ruleGone)
		for range 600 {
			changed()
			time.Sleep(time.Second)
		}
		if got := len(p.times()); got > 30 {
			t.Errorf("it was repaired %d times in ten minutes, want fewer and fewer", got)
		}
		said := 0
		for _, entry := range log.AllEntries() {
			if strings.Contains(entry.Message, "again and again") {
				said++
			}
		}
		if said != 1 {
			t.Errorf("it is said %d times that something fights back, want once", said)
		}
	})
}

// TestLastingIsToldOnce wants what cannot be repaired told once, and nothing else
// held up by it.
func TestLastingIsToldOnce(t *testing.T) {
	p := &part{lasting: true}
	run(t, p, func(r *Repairer, changed func(), log *test.Hook) {
		p.damage(linkGone)
		for range 20 {
			changed()
			time.Sleep(2 * time.Second)
		}
		if got := len(log.AllEntries()); got != 1 {
			t.Errorf("%d lines are logged, want one", got)
		}
		if got := len(p.times()); got < 20 {
			t.Errorf("after what cannot be repaired it looked only %d times", got)
		}
		if got := r.Counts()[health.Links]; got != 0 {
			t.Errorf("%d repairs are counted, want none", got)
		}
		if want := []string{"link mbv1 is gone false"}; !slices.Equal(p.observed, want) {
			t.Errorf("told is %q, want %q", p.observed, want)
		}
	})
}

// TestPartsOnTheirOwn wants a part looked at when its own watch tells, at the start and
// slowly, and not held up by another that somebody fights.
func TestPartsOnTheirOwn(t *testing.T) {
	fought, other := &part{lasting: true}, &part{}
	fought.damage(ruleGone)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		log, _ := test.NewNullLogger()
		busy := func(ctx context.Context, changed func()) error {
			for ctx.Err() == nil {
				changed()
				watch.Pause(ctx, 50*time.Millisecond)
			}
			return nil
		}
		told := make(chan struct{})
		quiet := func(ctx context.Context, changed func()) error {
			select {
			case <-told:
				changed()
			case <-ctx.Done():
			}
			<-ctx.Done()
			return nil
		}
		other.damage(ruleGone)
		var running sync.WaitGroup
		running.Go(func() { New(log, func(health.Finding, bool) {}, Part{fought, busy}, Part{other, quiet}).Run(ctx) })
		time.Sleep(2 * time.Second)
		if got := len(other.times()); got != 1 {
			t.Errorf("what was broken at the start was mended %d times in two seconds, want once", got)
		}
		time.Sleep(time.Minute)
		other.mu.Lock()
		looks := other.looks
		other.mu.Unlock()
		if looks < 4 || looks > 8 {
			t.Errorf("a part that nothing is told of was looked at %d times in a minute, want the slow looks alone", looks)
		}
		other.damage(ruleGone)
		told <- struct{}{}
		time.Sleep(2 * time.Second)
		if got := len(other.times()); got != 2 {
			t.Error("it was not mended within two seconds while another part is fought")
		}
		stop()
		running.Wait()
		synctest.Wait()
	})
}

// TestLostWatch wants a watch that was lost to begin again, with a look.
func TestLostWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &part{}
		var begun atomic.Int32
		watching := func(ctx context.Context, _ func()) error {
			if begun.Add(1) == 1 {
				return errors.New("messages were lost")
			}
			<-ctx.Done()
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		log, _ := test.NewNullLogger()
		var running sync.WaitGroup
		p.damage(ruleGone)
		running.Go(func() { New(log, func(health.Finding, bool) {}, Part{p, watching}).Run(ctx) })
		time.Sleep(2 * time.Second)
		if begun.Load() != 2 || len(p.times()) != 1 {
			t.Errorf("the watch began %d times and %d repairs were made, want 2 and 1", begun.Load(), len(p.times()))
		}
		stop()
		running.Wait()
		synctest.Wait()
	})
}
