package orphan

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/engine"
)

// Run looks now and then, and removes what it has seen often and long enough, until
// ctx is done. It does not look at once: at a start the engine may wait for us.
func (f *Finder) Run(ctx context.Context, e Engine) {
	told := map[string]bool{}
	failing := false
	for pause := first; ; pause = interval {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		found, err := f.look(ctx, e)
		if err != nil {
			// Nothing that was seen is forgotten, and no engine is nothing wrong.
			if !failing && !errors.Is(err, engine.ErrNotReached) && ctx.Err() == nil {
				f.Log.WithError(err).Warn("what the engine does not know any more was not found out, trying again")
				failing = true
			}
			continue
		}
		failing = false
		f.remember(ctx, found.engine)
		for _, s := range f.ripe(found) {
			if err := f.remove(ctx, s, f.firstSeen(s.subject)); err != nil && ctx.Err() == nil {
				f.Log.WithField("orphan", s.text).WithError(err).Error("what the engine does not know could not be removed, trying again")
			}
		}
		told = f.reportLasting(found, told)
	}
}

// remember keeps which engine it is that knows networks of ours.
func (f *Finder) remember(ctx context.Context, id string) {
	if id == "" {
		return
	}
	if err := f.Engines.KeepEngine(ctx, id); err != nil && ctx.Err() == nil {
		f.Log.WithError(err).Warn("which engine it is could not be kept, trying again")
	}
}

// ripe counts what a look has found, forgets what it has not, and returns what is to
// be removed.
func (f *Finder) ripe(found look) []suspect {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[subject]sighting{}
	var ripe []suspect
	for _, s := range found.suspects {
		if s.doubt != "" {
			continue
		}
		before, isKnown := f.seen[s.subject]
		if !isKnown {
			before.first = found.at
		}
		before.times++
		seen[s.subject] = before
		if before.times >= sightings && found.at.Sub(before.first) >= grace && !s.isYoung(found.at) {
			ripe = append(ripe, s)
		}
	}
	f.seen = seen
	return ripe
}

// firstSeen is zero for what Run has not seen.
func (f *Finder) firstSeen(s subject) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[s].first
}

// reportLasting logs what a person has to look at, once for as long as it is found
// at two looks in a row, and returns what was found and told now.
func (f *Finder) reportLasting(found look, told map[string]bool) map[string]bool {
	now := map[string]bool{}
	report := func(text, meaning string) {
		before, isSecond := told[text]
		if isSecond && !before {
			f.Log.WithFields(logrus.Fields{"finding": text}).Warn("the engine knows something else: " + meaning)
		}
		now[text] = isSecond
	}
	for _, s := range found.suspects {
		if s.doubt != "" {
			finding := s.finding("")
			report(finding.String(), finding.Meaning)
		}
	}
	for _, stranger := range found.strangers {
		report(stranger.String(), stranger.Meaning)
	}
	return now
}
