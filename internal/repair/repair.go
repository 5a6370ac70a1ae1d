// Package repair keeps what the plugin made as it was made: it looks when the
// kernel tells of changes, and now and then besides, and has the parts mend what
// somebody else broke. It touches nothing itself.
package repair

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/health"
	"mybridge/internal/watch"
)

// Mender can mend itself.
type Mender interface {
	// Mend makes right what it can, and returns what was wrong.
	Mend(ctx context.Context) ([]health.Finding, error)
}

// Part is a mender, and what tells of changes that may have broken something of it.
type Part struct {
	Mender
	Watch watch.Watch
}

// The pace of repairs. One that follows another at once would fight with whoever
// is at it in several steps.
const (
	settle   = 100 * time.Millisecond
	interval = 500 * time.Millisecond
	slow     = 15 * time.Second
	slowest  = time.Minute
	// limit bounds one round.
	limit = 30 * time.Second
	// patience is how many rounds that had to mend may follow one another before
	// the pauses grow.
	patience = 5
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
	inARow := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-time.After(nextLook(inARow)):
		}
		if !watch.Pause(ctx, settle) {
			return
		}
		select {
		case <-changed: // what came meanwhile is seen by this round
		default:
		}
		mended, lasting := split(r.round(ctx, part))
		if len(mended) == 0 {
			inARow = 0
		} else {
			inARow++
		}
		r.reportMended(mended, inARow)
		told = r.reportLasting(lasting, told)
		if !watch.Pause(ctx, rest(inARow)) {
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

// nextLook is the time until a round that no event asks for: soon after a repair, to
// see whether it holds.
func nextLook(inARow int) time.Duration {
	if inARow > 0 {
		return interval / 4
	}
	return slow
}

// rest is the time until the next round at the earliest: it grows where what is
// mended is broken again and again.
func rest(inARow int) time.Duration {
	if inARow <= patience {
		return interval
	}
	return min(interval<<min(inARow-patience, 10), slowest)
}

// round has the part mend itself.
func (r *Repairer) round(ctx context.Context, part Part) []health.Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	findings, err := part.Mend(ctx)
	if err != nil && ctx.Err() == nil {
		r.log.WithError(err).Error("repair failed")
	}
	return findings
}

// reportMended counts and logs a round's repairs, a line each unless they are many.
func (r *Repairer) reportMended(findings []health.Finding, inARow int) {
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
			log.WithField("more", len(findings)-i).Warn("found broken, repaired, and more of it")
			break
		}
		log.Warn("found broken, repaired")
	}
	if inARow == patience+1 {
		r.log.WithField("finding", findings[0].String()).Error("what is repaired is broken again and again: repairing less often")
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
