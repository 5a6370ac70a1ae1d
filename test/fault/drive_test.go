package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// live lives the job's life to its end.
func (q *queue) live(w *world, j job) error {
	w.forgetForwarding()
	l := newLife(w, j.story)
	if j.faults == nil {
		for i := range j.story.calls {
			if err := q.liveThrough(l, j, i); err != nil {
				return err
			}
		}
		return l.want(l.before(0))
	}
	p := j.story.purposes[j.purpose]
	if err := l.doAll(j.story.purposes[:j.purpose].gives()); err != nil {
		return err
	}
	for _, f := range j.faults {
		if err := q.pursue(l, j, p, f); err != nil {
			return fmt.Errorf("%s, %s, %s: %w", j.story.calls[f.call].name, f.order, j.replay, err)
		}
	}
	if err := l.doAll(j.story.purposes[:j.purpose].takes()); err != nil {
		return err
	}
	return l.want(l.before(0))
}

// liveThrough makes the i-th call, and lets it go wrong before where that is to be.
func (q *queue) liveThrough(l *life, j job, i int) error {
	order := j.order(i)
	if order == "" {
		return l.doAll([]int{i})
	}
	var err error
	if j.replay == again {
		err = q.again(l, j, i, order)
	} else {
		err = q.collide(l, j, i, order)
	}
	if err != nil {
		return fmt.Errorf("%s, %s, %s: %w", j.story.calls[i].name, order, j.replay, err)
	}
	return nil
}

// again lets the i-th call go wrong, wants the same call to succeed, and to have done
// what it does.
func (q *queue) again(l *life, j job, i int, order string) error {
	failed, err := q.goWrong(l, j, fault{i, order})
	if err != nil {
		return err
	}
	if failed.answered() {
		return l.wantAnswered(i)
	}
	if err := q.wantWhole(l, i, failed, l.story.calls[i].unnamed); err != nil {
		return err
	}
	if err := l.do(i); err != nil {
		return fmt.Errorf("made again: %w", err)
	}
	return l.wantAnswered(i)
}

// goWrong makes the call with the fault, and starts the plugin where that ended it.
func (q *queue) goWrong(l *life, j job, f fault) (failed, error) {
	failed, err := l.cutShort(f.call, f.order)
	if err != nil {
		return failed, err
	}
	if !failed.hit {
		q.count(&q.missed)
		return failed, nil
	}
	q.hit(j, f.call, f.order)
	return failed, l.revive(l.story.calls[f.call])
}

// wantWhole wants the i-th call done or not done, and gives back what the engine
// does not know of, where that is asked for.
func (q *queue) wantWhole(l *life, i int, f failed, settle bool) error {
	c := l.story.calls[i]
	switch {
	case c.method == "", f.ended && c.unfinished, !f.ended && (c.halfway || c.isDeletion()):
		return nil
	case !f.ended:
		return l.want(l.before(i))
	case !settle:
		return l.want(slices.Concat(l.before(i), l.after(i)))
	}
	lost, err := l.settleLost(i)
	if lost {
		q.count(&q.lost)
	}
	return err
}

// pursue pursues the purpose with a fault in one of its calls, which leaves nothing
// of it.
func (q *queue) pursue(l *life, j job, p purpose, f fault) error {
	l.closing = false
	given := len(l.given)
	wrong := slices.Index(p.gives, f.call)
	if wrong < 0 {
		return q.goOn(l, j, p, f)
	}
	if err := l.doAll(p.gives[:wrong]); err != nil {
		return err
	}
	failed, err := q.goWrong(l, j, f)
	if err != nil {
		return err
	}
	if !failed.answered() {
		if err := q.wantWhole(l, f.call, failed, !l.story.calls[f.call].halfway); err != nil {
			return err
		}
	}
	for len(l.given) > given {
		last := l.given[len(l.given)-1]
		if err := l.perform(last.undo); err != nil {
			return fmt.Errorf("taking back %s: %w", last.name, err)
		}
	}
	return errors.Join(l.want(l.before(p.gives[0])), l.world.wantTalk())
}

// goOn takes back what the purpose gave, with a fault in it, and wants all to be gone
// at the next start. A deletion of which the plugin kept nothing did not happen: then
// what it was to delete is there as before, until a person or the engine's own list
// says that it is nobody's.
func (q *queue) goOn(l *life, j job, p purpose, f fault) error {
	if err := l.doAll(p.gives); err != nil {
		return err
	}
	for _, i := range p.takes {
		if i != f.call {
			_ = l.do(i) // the engine only logs it
			continue
		}
		if _, err := q.goWrong(l, j, f); err != nil {
			return err
		}
	}
	if err := l.perform(restart()); err != nil {
		return err
	}
	start := p.gives[0]
	if !strings.HasPrefix(f.order, "store.commit:") || l.world.looks(l.story.endpoints, l.rest, l.before(start)...) {
		return errors.Join(l.want(l.before(start)), l.world.wantTalk())
	}
	q.count(&q.unheard)
	l.world.spoilt = true // it is forgotten by now who had which address
	if err := l.wantUndeleted(start, f.call); err != nil {
		return err
	}
	for _, i := range p.takes {
		if _, err := l.send(context.Background(), l.story.calls[i]); err != nil {
			return fmt.Errorf("taking back %s once more: %w", l.story.calls[i].name, err)
		}
	}
	return errors.Join(l.want(l.before(start)), l.world.wantTalk())
}

// wantUndeleted wants the host as it was at the start, but for what the call should
// have deleted. Whether the address of what is still there is leased is not compared.
func (l *life) wantUndeleted(start, deletion int) error {
	rest := func(lines []string) []string { return without(lines, "bitmap ", "address ", "pool ") }
	var looks [][]string
	for _, look := range l.before(start) {
		for k, before := range l.before(deletion) {
			looks = append(looks, undone(look, before, l.after(deletion)[k]))
		}
	}
	return l.world.wantLook(l.story.endpoints, rest, looks...)
}

// undone is the look without the change from before to after. Lines may be there more
// than once.
func undone(look, before, after []string) []string {
	times := map[string]int{}
	for _, line := range slices.Concat(look, before) {
		times[line]++
	}
	for _, line := range after {
		times[line]--
	}
	var lines []string
	for line, n := range times {
		lines = append(lines, slices.Repeat([]string{line}, max(n, 0))...)
	}
	slices.Sort(lines)
	return lines
}

// collide gives up waiting for the call, and makes it again or takes it back at once.
func (q *queue) collide(l *life, j job, i int, order string) error {
	c := l.story.calls[i]
	gaveUp, err := l.interrupt(i, order)
	if err != nil {
		return err
	}
	if !gaveUp {
		q.count(&q.missed)
		return l.wantAnswered(i)
	}
	q.hit(j, i, order)
	if j.replay == revoke {
		if _, err := l.send(context.Background(), c.undo); err != nil {
			return fmt.Errorf("taken back meanwhile: %w", err)
		}
		if !c.halfway {
			if err := l.want(l.before(i)); err != nil {
				return err
			}
		}
	}
	if err := l.do(i); err != nil {
		return fmt.Errorf("made again: %w", err)
	}
	return l.wantAnswered(i)
}
