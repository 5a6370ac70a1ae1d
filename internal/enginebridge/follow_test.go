package enginebridge_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/internal/link"
)

// awhile is longer than the follower waits for anything; it passes in no time.
const awhile = time.Minute

// follow runs a follower in a bubble with a clock of its own until do returns.
func follow(t *testing.T, h *fakeHost, do func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h.changes = make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.follower().Follow(ctx); close(done) }()
		time.Sleep(awhile)
		do(t)
		cancel()
		<-done
	})
}

// wantTold checks what the filter knows a while later.
func (h *fakeHost) wantTold(t *testing.T, when string, want ...link.Name) {
	t.Helper()
	time.Sleep(awhile)
	synctest.Wait()
	h.set(func() {
		if !slices.Equal(h.told, want) {
			t.Errorf("%s: the filter was told of %q, want %q", when, h.told, want)
		}
	})
}

// wantSaid checks that the log has the error's text.
func (h *fakeHost) wantSaid(t *testing.T, parts ...string) {
	t.Helper()
	synctest.Wait()
	for _, part := range append(parts, errFake.Error()) {
		if !strings.Contains(h.said.String(), part) {
			t.Errorf("the log is %q, want it to have %q", h.said.String(), part)
		}
	}
}

func TestFollow(t *testing.T) {
	h := &fakeHost{bridges: []link.Name{"docker0"}}
	follow(t, h, func(t *testing.T) {
		h.wantTold(t, "at the start", "docker0")
		h.set(func() { h.bridges = []link.Name{"docker0", "br-0123456789ab"} })
		h.changes <- nil
		h.wantTold(t, "after a bridge came", "br-0123456789ab", "docker0")
		h.set(func() { h.bridges = nil })
		h.changes <- nil
		h.wantTold(t, "after all went")
		if h.said.Len() > 0 {
			t.Errorf("the log is %q, want nothing said", h.said.String())
		}
	})
}

// TestFollowLateChains wants a bridge found whose rules the engine sets a moment
// after it has made the bridge.
func TestFollowLateChains(t *testing.T) {
	h := &fakeHost{}
	follow(t, h, func(t *testing.T) {
		h.set(func() { h.bridges = []link.Name{"shop0"} })
		h.changes <- nil
		time.Sleep(time.Second)
		h.set(func() { h.chosen = []link.Name{"shop0"} })
		h.wantTold(t, "after the rules came", "shop0")
	})
}

// TestFollowRests wants nothing done while nothing changes, and many changes at
// once to cost no more than a few.
func TestFollowRests(t *testing.T) {
	h := &fakeHost{}
	follow(t, h, func(t *testing.T) {
		h.set(func() { h.timesTold = 0 })
		h.wantTold(t, "at rest")
		if h.timesTold != 0 {
			t.Errorf("the filter was told %d times while nothing changed, want never", h.timesTold)
		}
		for range 100 {
			h.changes <- nil
		}
		h.wantTold(t, "after a hundred changes")
		if h.timesTold == 0 || h.timesTold > 10 {
			t.Errorf("the filter was told %d times of a hundred changes at once, want a few", h.timesTold)
		}
	})
}

// TestFollowGoesOnAfterError wants what failed to be said, the filter to keep what
// it was told, and the next change to be met all the same.
func TestFollowGoesOnAfterError(t *testing.T) {
	for name, fail := range map[string]func(h *fakeHost, err error){
		"links":  func(h *fakeHost, err error) { h.linksErr = err },
		"chains": func(h *fakeHost, err error) { h.chainsErr = err },
		"filter": func(h *fakeHost, err error) { h.filterErr = err },
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{bridges: []link.Name{"docker0"}, told: []link.Name{"docker0", "shop0"}}
			fail(h, errFake)
			follow(t, h, func(t *testing.T) {
				h.wantTold(t, "while it fails", "docker0", "shop0")
				h.wantSaid(t, "containers may reach them")
				for range 100 {
					h.changes <- nil
				}
				h.wantTold(t, "while it still fails", "docker0", "shop0")
				if said := strings.Count(h.said.String(), "containers may reach them"); said != 1 {
					t.Errorf("it is said %d times that the bridges are not known, want once", said)
				}
				h.set(func() { fail(h, nil) })
				h.changes <- nil
				h.wantTold(t, "after it works again", "docker0")
				h.wantSaid(t, "are known again")
			})
		})
	}
}

// TestFollowWatchesAgain wants what came while no watch was kept to be found.
func TestFollowWatchesAgain(t *testing.T) {
	h := &fakeHost{}
	follow(t, h, func(t *testing.T) {
		h.set(func() { h.bridges = []link.Name{"docker0"} })
		h.changes <- errFake
		h.wantTold(t, "after the watch was lost", "docker0")
		h.wantSaid(t, "watching again")
		if h.timesWatched != 2 {
			t.Errorf("watched %d times, want twice", h.timesWatched)
		}
	})
}
