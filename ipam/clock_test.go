package ipam_test

import (
	"sync"
	"time"

	"mybridge/ipam"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_800_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// pass moves the clock, back where d is negative.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// openAt is open with a clock and a ReuseDelay.
func openAt(t failer, state ipam.State, c *clock, reuseDelay time.Duration) *ipam.Manager {
	t.Helper()
	m := open(t, state, &fakeHost{}, func(config *ipam.Config) { config.ReuseDelay = reuseDelay })
	m.SetNow(c.now)
	return m
}
