package repair

import (
	"time"

	"mybridge/internal/health"
)

// The pace of repairs. One that follows another at once would fight with whoever
// is at it in several steps.
const (
	settle   = 100 * time.Millisecond
	interval = 500 * time.Millisecond
	slow     = 15 * time.Second
	slowest  = time.Minute
	// patience is how many rounds that had to mend the same may follow one another
	// before the pauses grow.
	patience = 5
)

// pace is when what was mended may be mended again, by subjects. What was found right
// since is not in it.
type pace map[string]turn

type turn struct {
	// inARow is how many rounds that had to mend it followed one another.
	inARow int
	next   time.Time
}

// whole is the subject of a part that is mended as a whole.
const whole = ""

// spares reports whether it is not the subject's turn yet.
func (p pace) spares(subject string) bool { return time.Now().Before(p[subject].next) }

// after is the pace after a round that began at that time and mended these.
func (p pace) after(began time.Time, mended []string) pace {
	next := pace{}
	for subject, t := range p {
		if began.Before(t.next) {
			next[subject] = t
		}
	}
	for _, subject := range mended {
		inARow := p[subject].inARow + 1
		next[subject] = turn{inARow, time.Now().Add(rest(inARow))}
	}
	return next
}

// nextLook is the time until a round that no event asks for: soon after a repair, to
// see whether it holds.
func (p pace) nextLook() time.Duration {
	look := slow
	for _, t := range p {
		look = min(look, max(time.Until(t.next), interval/4))
	}
	return look
}

// rest is the time until the same is mended again at the earliest: it grows where it
// is broken again and again.
func rest(inARow int) time.Duration {
	if inARow <= patience {
		return interval
	}
	return min(interval<<min(inARow-patience, 10), slowest)
}

// subjects are what the findings of a part are about.
func (p Part) subjects(findings []health.Finding) []string {
	var subjects []string
	for _, f := range findings {
		subjects = append(subjects, p.subject(f))
	}
	return subjects
}

// subject is what the finding has its pace by.
func (p Part) subject(f health.Finding) string {
	if _, sparing := p.Mender.(Sparing); sparing {
		return f.Subject
	}
	return whole
}
