package fault

import (
	"slices"
	"strings"
)

// replay is what the engine does after a call that went wrong.
type replay string

const (
	// again is the same call once more, then all that follows.
	again replay = "again"
	// rollBack takes back what was given for the same purpose.
	rollBack replay = "roll back"
	// goOn is what comes next, as after a deletion, of which it only logs the failure.
	goOn replay = "go on"
	// twice gives up waiting and makes the same call while the first is at work.
	twice replay = "twice"
	// revoke gives up waiting and takes it back while it is at work.
	revoke replay = "revoke"
)

// job is a life with something going wrong in it.
type job struct {
	story  *story
	replay replay
	// purpose is that of the story's of which the calls go wrong, one at a time, and
	// faults are what goes wrong in which: the purpose is pursued once for each.
	purpose int
	faults  []fault
	// In a life in which each call goes wrong once, point is the number of its point
	// where it does, and what the action.
	point  int
	what   string
	points []string
	// second says that it went wrong once already.
	second bool
}

// fault is an order for a call.
type fault struct {
	call  int
	order string
}

// mostFaults bounds how much of the work is one job.
const mostFaults = 12

// jobsOf are all lives that drive the story's points whose names begin with one of
// these.
func jobsOf(s *story, points []string) []job {
	var jobs []job
	most := 0
	for i := range s.calls {
		most = max(most, len(chosen(s.points[i], points)))
	}
	for point := range most {
		for _, action := range []string{"kill", "error"} {
			jobs = append(jobs, job{story: s, replay: again, point: point, what: action, points: points})
		}
		for _, kind := range []replay{twice, revoke} {
			jobs = append(jobs, job{story: s, replay: kind, point: point, what: "delay=80ms", points: points})
		}
	}
	for number, p := range s.purposes {
		for _, kind := range []struct {
			replay replay
			calls  []int
		}{{rollBack, p.gives}, {goOn, p.takes}} {
			for some := range slices.Chunk(faultsOf(s, kind.calls, points), mostFaults) {
				jobs = append(jobs, job{story: s, replay: kind.replay, purpose: number, faults: some})
			}
		}
	}
	return jobs
}

// faultsOf are all faults of the calls.
func faultsOf(s *story, calls []int, points []string) []fault {
	var faults []fault
	for _, i := range calls {
		for _, point := range chosen(s.points[i], points) {
			faults = append(faults, fault{i, point + ":kill"}, fault{i, point + ":error"})
		}
	}
	return faults
}

func chosen(names, beginnings []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return len(beginnings) > 0 && !slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) })
	})
}

// order is what goes wrong in the i-th call of a life in which each does, empty where
// nothing does.
func (j job) order(i int) string {
	names := chosen(j.story.points[i], j.points)
	c := j.story.calls[i]
	if j.point >= len(names) || j.replay == twice && !c.hasID() || j.replay == revoke && (!c.hasID() || c.undo == nil) {
		return ""
	}
	return names[j.point] + ":" + j.what
}
