package fault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"mybridge/test/daemon"
)

// life is a story at work on a host.
type life struct {
	world *world
	story *story
	// known is what the engine was answered, by keys of the story's.
	known map[string]string
	// given are the calls that were answered and not taken back.
	given []*call
	// closing says that a gateway was released.
	closing bool
}

func newLife(w *world, s *story) *life { return &life{world: w, story: s, known: map[string]string{}} }

// value is what is known by the key, or the key itself.
func (l *life) value(key string) string {
	if value, known := l.known[key]; known {
		return value
	}
	return key
}

// do makes the call of that number.
func (l *life) do(i int) error {
	l.close(i)
	return l.perform(l.story.calls[i])
}

// close notes that a gateway is released.
func (l *life) close(i int) {
	l.closing = l.closing || strings.HasPrefix(l.story.calls[i].name, "ReleaseAddress gateway")
}

// doAll makes the calls of those numbers, of which none goes wrong.
func (l *life) doAll(calls []int) error {
	for _, i := range calls {
		if err := l.do(i); err != nil {
			return fmt.Errorf("%s: %w", l.story.calls[i].name, err)
		}
	}
	return nil
}

// perform makes the call and does what the engine does with its answer.
func (l *life) perform(c *call) error {
	answer, err := l.send(context.Background(), c)
	if err != nil {
		return err
	}
	return l.take(c, answer)
}

// send makes the call.
func (l *life) send(ctx context.Context, c *call) (object, error) {
	switch {
	case c.isDeletion():
		answer, err := l.world.plugin.Call(ctx, c.method, c.body(l))
		l.world.plugin.untilDeleted(ctx)
		return answer, err
	case c.method != "":
		return l.world.plugin.Call(ctx, c.method, c.body(l))
	case c.answered == nil:
		l.world.plugin.Kill()
		return nil, l.world.plugin.Start()
	}
	return nil, nil
}

// take does what the engine does with the answer.
func (l *life) take(c *call, answer object) error {
	if c.undo != nil {
		l.given = append(l.given, c)
	}
	l.given = slices.DeleteFunc(l.given, func(g *call) bool { return g.undo == c })
	if c.answered == nil {
		return nil
	}
	return c.answered(l, answer)
}

// failed is what became of a call in which something went wrong.
type failed struct {
	// hit is false where the point was not passed.
	hit bool
	// ended says that the plugin has.
	ended bool
	err   error
}

// answered reports whether the engine knows nothing of anything going wrong.
func (f failed) answered() bool { return f.err == nil && !f.ended }

// cutShort makes the call with the order given, and takes its answer if it has one.
func (l *life) cutShort(i int, order string) (f failed, err error) {
	c := l.story.calls[i]
	l.close(i)
	l.world.plugin.order(order)
	answer, refusal := l.send(context.Background(), c)
	f.err = refusal
	f.hit = l.world.plugin.withdraw()
	f.ended = l.world.plugin.hasEnded(f.hit && ends(order) || c.method == "" && refusal != nil)
	if f.answered() {
		return f, l.take(c, answer)
	}
	if !f.hit {
		return f, fmt.Errorf("nothing was to go wrong: %w", refusal)
	}
	// A container that ran before does not notice.
	return f, l.world.wantTalk()
}

// ends reports whether the plugin ends of it: a state of which it is not known what
// is on the disk is one that it does not go on with.
func ends(order string) bool {
	return strings.HasSuffix(order, ":kill") || strings.HasPrefix(order, "store.committed") && strings.HasSuffix(order, ":error")
}

// revive starts the plugin where it has ended. The engine's transport then sends the
// call again, without its body.
func (l *life) revive(c *call) error {
	p := l.world.plugin
	if !p.HasEnded() {
		return nil
	}
	if err := p.Start(); err != nil {
		return fmt.Errorf("the plugin does not start again: %w", err)
	}
	if c.method == "" {
		return nil
	}
	_, err := p.Call(context.Background(), c.method, nil)
	if !errors.Is(err, daemon.ErrRefused) || !strings.Contains(err.Error(), "400") {
		return fmt.Errorf("sent again without a body: got %w, want 400", err)
	}
	return nil
}

// before and after are how the host may look before and after the i-th call.
func (l *life) before(i int) [][]string { return [][]string{l.story.looks[i], l.story.restarted[i]} }
func (l *life) after(i int) [][]string  { return l.before(i + 1) }

// want waits until the host looks as one of the looks.
func (l *life) want(looks [][]string) error {
	return l.world.wantLook(l.story.endpoints, l.rest, looks...)
}

// rest are the lines that are compared. Where the engine has released a gateway, a
// start that still finds it on its bridge keeps it from being given.
func (l *life) rest(lines []string) []string {
	if !l.closing {
		return lines
	}
	return without(lines, "bitmap ", "address .* gateway ")
}

// without leaves out lines that begin so.
func without(lines []string, beginnings ...string) []string {
	pattern := regexp.MustCompile("^(" + strings.Join(beginnings, "|") + ")")
	return slices.DeleteFunc(slices.Clone(lines), pattern.MatchString)
}

// wantAnswered wants the i-th call done, and everybody to talk.
func (l *life) wantAnswered(i int) error {
	return errors.Join(l.want(l.after(i)), l.world.wantTalk(), l.wantNeighbours())
}

// wantNeighbours wants the story's own containers to talk while both are there.
func (l *life) wantNeighbours() error {
	_, web := l.known["web4"]
	_, peer := l.known["peer4"]
	moved := 0
	for _, c := range l.given {
		if strings.HasPrefix(c.name, "move") {
			moved++
		}
	}
	if !web || !peer || moved < 2 {
		return nil
	}
	alone, _, _ := strings.Cut(l.known["web4"], "/")
	return errors.Join(l.world.wantEcho(l.world.containers["peer"], alone+":80"), l.world.wantEcho(l.world.outside, outsideAddress+":8081"))
}

// isLost settles what a call did whose answer was lost. The engine knows nothing of
// it: a person takes it back.
func (l *life) settleLost(i int) (lost bool, err error) {
	c := l.story.calls[i]
	if err := l.want(slices.Concat(l.before(i), l.after(i))); err != nil {
		return false, err
	}
	if l.world.looks(l.story.endpoints, l.rest, l.before(i)...) {
		return false, nil
	}
	for key, value := range l.story.known {
		if _, answered := l.known[key]; !answered {
			l.known[key] = value
			defer delete(l.known, key)
		}
	}
	if err := l.perform(c.undo); err != nil {
		return true, fmt.Errorf("giving back what was not answered: %w", err)
	}
	return true, l.want(l.before(i))
}

// patience is how long the engine would have to wait in vain.
const patience = 25 * time.Millisecond

// interrupt makes the call and gives up waiting for its answer. It reports whether
// it had to.
func (l *life) interrupt(i int, order string) (gaveUp bool, err error) {
	c := l.story.calls[i]
	l.world.plugin.order(order)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := l.send(ctx, c)
	l.world.plugin.withdraw()
	if errors.Is(err, context.DeadlineExceeded) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, l.take(c, answer)
}

// learn goes through the story without faults, and once more with a restart after
// each call.
func (w *world) learn(s *story) {
	w.t.Helper()
	w.plugin.Kill()
	if err := w.plugin.Start(); err != nil {
		w.t.Fatal(err)
	}
	for _, restarts := range []bool{false, true} {
		w.forgetForwarding()
		l := newLife(w, s)
		looks := [][]string{w.learnLook(l, restarts)}
		w.plugin.trace()
		for i, c := range s.calls {
			if err := l.do(i); err != nil {
				w.t.Fatalf("%s: %s: %v", s.name, c.name, err)
			}
			if points := w.plugin.trace(); !restarts {
				s.points = append(s.points, points)
			}
			if err := errors.Join(w.wantTalk(), l.wantNeighbours()); err != nil {
				w.t.Fatalf("%s: after %s: %v", s.name, c.name, err)
			}
			looks = append(looks, w.learnLook(l, restarts))
			w.plugin.trace()
		}
		if got, want := looks[len(looks)-1], looks[0]; !slices.Equal(got, want) {
			w.t.Errorf("%s: in the end the host does not look as before:\n%s", s.name, difference(got, want))
		}
		if restarts {
			s.restarted = looks
		} else {
			s.looks, s.known = looks, maps.Clone(l.known)
		}
	}
}

// learnLook returns how the host looks, after a restart if that is wanted.
func (w *world) learnLook(l *life, restarts bool) []string {
	w.t.Helper()
	if restarts {
		if _, err := l.send(context.Background(), restart()); err != nil {
			w.t.Fatal(err)
		}
	}
	look, err := w.look(l.story.endpoints)
	if err != nil {
		w.t.Fatal(err)
	}
	return look
}
