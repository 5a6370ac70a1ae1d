package fault

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// queue hands out jobs and counts what came of them.
type queue struct {
	mu   sync.Mutex
	jobs []job

	points, replays map[string]int
	// missed are faults whose point was not passed; lost are answers that the engine
	// did not get of what was done, and unheard deletions of which nothing was kept;
	// repeated are lives in which something was wrong once.
	hits, missed, lost, unheard, repeated, violations int
}

func newQueue(jobs []job) *queue {
	return &queue{jobs: jobs, points: map[string]int{}, replays: map[string]int{}}
}

func (q *queue) next() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	const mostViolations = 20
	if len(q.jobs) == 0 || q.violations >= mostViolations {
		return job{}, false
	}
	j := q.jobs[0]
	q.jobs = q.jobs[1:]
	return j, true
}

func (q *queue) putBack(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.second = true
	q.repeated++
	q.jobs = append(q.jobs, j)
}

func (q *queue) hit(j job, i int, order string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hits++
	point, action, _ := strings.Cut(order, ":")
	action, _, _ = strings.Cut(action, "=")
	q.points[fmt.Sprint(j.story.name, i, point)]++
	q.replays[action+", "+string(j.replay)]++
}

func (q *queue) count(number *int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*number++
}

func (q *queue) result() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d points in calls, %d faults", len(q.points), q.hits)
	for _, kind := range slices.Sorted(maps.Keys(q.replays)) {
		fmt.Fprintf(&text, "; %s: %d", kind, q.replays[kind])
	}
	fmt.Fprintf(&text, "; %d points were not passed, %d answers and %d deletions were lost; %d lives were wrong once, %d violations", q.missed, q.lost, q.unheard, q.repeated, q.violations)
	return text.String()
}

// work lives one life after the other on a host of its own, and on another where that
// is not what it should be any more.
func (q *queue) work(t *testing.T, h host, state string) {
	for ok := true; ok; {
		t.Run("host", func(t *testing.T) {
			w := newLivelyWorld(t, h, state)
			for !w.spoilt {
				var j job
				if j, ok = q.next(); !ok {
					break
				}
				err := q.live(w, j)
				if err != nil && !j.second {
					// The plugin's own rounds pass points as well, and may have taken
					// the fault that was meant for the call: what is wrong is wrong twice.
					t.Logf("once more: %s: %v", j.story.name, err)
					q.putBack(j)
					return
				}
				if err != nil {
					q.count(&q.violations)
					t.Errorf("%s: %v", j.story.name, err)
					return
				}
			}
			if seen := w.lookAtForeign(); seen != w.foreign {
				t.Errorf("what others have was\n%s\nand is\n%s", w.foreign, seen)
			}
		})
	}
}
