package orphan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mybridge/internal/health"
)

// Doctor looks for a person, asking one engine.
type Doctor struct {
	finder *Finder
	engine Engine
	// runs says that Run is at it too.
	runs bool
}

// Doctor returns what looks for a person; runs says that Run is at it too.
func (f *Finder) Doctor(e Engine, runs bool) Doctor { return Doctor{f, e, runs} }

// Check tells what the engine does not know, or only the engine knows, without
// waiting for the time after which it is removed. It changes nothing.
func (d Doctor) Check(ctx context.Context) ([]health.Finding, error) {
	found, err := d.lookTwice(ctx)
	return d.findings(found), err
}

// Mend is Check, and removes what is certain.
func (d Doctor) Mend(ctx context.Context) ([]health.Finding, error) {
	found, err := d.lookTwice(ctx)
	failures := []error{err}
	for _, s := range found.suspects {
		if s.doubt == "" && !s.isYoung(time.Now()) {
			failures = append(failures, d.finder.remove(ctx, s, found.at))
		}
	}
	return d.findings(found), errors.Join(failures...)
}

// lookTwice leaves out what is under way.
func (d Doctor) lookTwice(ctx context.Context) (look, error) {
	first, err := d.finder.look(ctx, d.engine)
	if err != nil || len(first.suspects)+len(first.strangers) == 0 {
		return first, err
	}
	select {
	case <-time.After(secondLook):
	case <-ctx.Done():
		return look{}, fmt.Errorf("waiting for a second look: %w", ctx.Err())
	}
	second, err := d.finder.look(ctx, d.engine)
	return first.again(second), err
}

func (d Doctor) findings(found look) []health.Finding {
	findings := found.strangers
	for _, s := range found.suspects {
		findings = append(findings, s.finding(d.when(s)))
	}
	return findings
}

// when says how soon it is removed without a person: at the latest, as the looks
// have their time.
func (d Doctor) when(s suspect) string {
	now := time.Now()
	switch {
	case !d.runs && s.isYoung(now):
		return fmt.Sprintf("; not before %s from now, as it is new", (grace - now.Sub(s.since)).Round(time.Second))
	case !d.runs:
		return ""
	}
	left := grace + interval
	if first := d.finder.firstSeen(s.subject); !first.IsZero() {
		left = max(0, grace-now.Sub(first)) + interval
	}
	if s.isYoung(now) {
		return fmt.Sprintf("; it is new, so this is not done before the plugin does it by itself, in at most %s", left.Round(time.Second))
	}
	return fmt.Sprintf("; the plugin does so by itself in at most %s", left.Round(time.Second))
}
