// Package repair keeps what the plugin made as it was made: it looks when the
// kernel tells of changes, and now and then besides, and has the parts mend what
// somebody else broke. It touches nothing itself.
package repair

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/health"
	"mybridge/internal/outage"
	"mybridge/internal/watch"
)

// Mender can mend itself.
type Mender interface {
	// Mend makes right what it can, and returns what was wrong.
	Mend(ctx context.Context) ([]health.Finding, error)
}

// Sparing is a mender that can leave single things alone: what somebody breaks again
// and again then waits for its turn, and nothing else does.
type Sparing interface {
	Mender
	// MendBut is Mend without what is spared, by the subjects of findings.
	MendBut(ctx context.Context, spared func(subject string) bool) ([]health.Finding, error)
}

// Part is a mender, and what tells of changes that may have broken something of it.
type Part struct {
	Mender
	Watch watch.Watch
}

const (
	// limit bounds one round.
	limit = 30 * time.Second
	// mostLines is how many findings of a round are logged one by one.
	mostLines = 10
)

// Repairer runs the rounds, those of each part on their own: what one part is told
// of concerns no other, and a look can be dear.
type Repairer struct {
	parts   []Part
	log     logrus.FieldLogger
	observe Observe

	mu     sync.Mutex
	counts map[string]int
}

// Observe is told of each finding that was mended, and once of each that cannot be. It
// may be called concurrently.
type Observe func(finding health.Finding, mended bool)

// New returns a repairer of the parts.
func New(log logrus.FieldLogger, observe Observe, parts ...Part) *Repairer {
	return &Repairer{parts: parts, log: log, observe: observe, counts: map[string]int{}}
}

// Counts is how many findings were mended since the start, by health's parts.
func (r *Repairer) Counts() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// Run mends until ctx is done.
func (r *Repairer) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, part := range r.parts {
		running.Go(func() { r.keep(ctx, part) })
	}
	running.Wait()
}

// keep mends a part until ctx is done, at first what was broken while nobody looked.
func (r *Repairer) keep(ctx context.Context, part Part) {
	changed := make(chan struct{}, 1)
	watch.Tell(changed)
	go watch.Keep(ctx, part.Watch, interval, changed, func(err error) {
		r.log.WithError(err).Debug("watch was lost, watching again")
		watch.Tell(changed) // something may have been missed
	})
	told := map[string]bool{}
	turns := pace{}
	var failing outage.Outage
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-time.After(turns.nextLook()):
		}
		if !watch.Pause(ctx, settle) {
			return
		}
		select {
		case <-changed: // what came meanwhile is seen by this round
		default:
		}
		began := time.Now()
		findings, err := round(ctx, part, turns)
		if ctx.Err() != nil {
			return
		}
		mended, lasting := split(findings)
		turns = turns.after(began, part.subjects(mended))
		// What is spared may be what failed.
		if err != nil || len(turns) == 0 {
			failing.Note(r.log, err, "repair failed, trying again", "repairs succeed again")
		}
		r.reportMended(part, mended, turns, err)
		told = r.reportLasting(lasting, told)
		if !watch.Pause(ctx, interval) {
			return
		}
	}
}

// split parts what was mended from what only a person can mend.
func split(findings []health.Finding) (mended, lasting []health.Finding) {
	for _, f := range findings {
		if f.Fix == "" {
			lasting = append(lasting, f)
		} else {
			mended = append(mended, f)
		}
	}
	return mended, lasting
}

// round has the part mend itself.
func round(ctx context.Context, part Part, turns pace) ([]health.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if sparing, ok := part.Mender.(Sparing); ok {
		return sparing.MendBut(ctx, turns.spares)
	}
	if turns.spares(whole) {
		return nil, nil
	}
	return part.Mend(ctx)
}

// reportMended counts and logs a round's repairs, a line each unless they are many.
// Of a round that failed it tells only of what was not found by the one before.
func (r *Repairer) reportMended(part Part, findings []health.Finding, turns pace, failure error) {
	inARow := func(f health.Finding) int { return turns[part.subject(f)].inARow }
	told := "found broken, repaired"
	if failure != nil {
		told = "found broken"
		findings = slices.DeleteFunc(findings, func(f health.Finding) bool { return inARow(f) > 1 })
	}
	r.mu.Lock()
	for _, f := range findings {
		r.counts[f.Part]++
	}
	r.mu.Unlock()
	for _, f := range findings {
		r.observe(f, true)
	}
	for i, f := range findings {
		log := r.log.WithFields(logrus.Fields{"part": f.Part, "finding": f.String()})
		if i == mostLines {
			log.WithField("more", len(findings)-i).Warn(told + ", and more of it")
			break
		}
		log.Warn(told)
	}
	if i := slices.IndexFunc(findings, func(f health.Finding) bool { return inARow(f) == patience+1 }); i >= 0 {
		r.log.WithField("finding", findings[i].String()).Error("what is repaired is broken again and again: repairing it less often")
	}
}

// reportLasting logs what cannot be repaired, once for as long as it is found, and
// returns what is known of it now.
func (r *Repairer) reportLasting(findings []health.Finding, told map[string]bool) map[string]bool {
	now := map[string]bool{}
	for _, f := range findings {
		now[f.String()] = true
		if !told[f.String()] {
			r.log.WithFields(logrus.Fields{"part": f.Part, "finding": f.String()}).Error("found broken, and cannot be repaired: " + f.Meaning)
			r.observe(f, false)
		}
	}
	return now
}
