package driver

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// calls is the life of a network, each call after those before it.
var calls = []struct {
	name string
	do   func(ctx context.Context, d *Driver) error
}{
	{"create network", func(ctx context.Context, d *Driver) error { return d.CreateNetwork(ctx, config("n1", "10.1.0.0/24")) }},
	{"create endpoint", func(ctx context.Context, d *Driver) error {
		_, err := d.CreateEndpoint(ctx, endpoint("n1", "e1", "10.1.0.2/24"))
		return err
	}},
	{"join", func(ctx context.Context, d *Driver) error {
		_, err := d.Join(ctx, "n1", "e1", "sandbox-e1")
		return err
	}},
	{"publish", func(ctx context.Context, d *Driver) error {
		return d.Publish(ctx, "n1", "e1", publication(8080))
	}},
	{"publish another", func(ctx context.Context, d *Driver) error {
		return d.Publish(ctx, "n1", "e1", publication(8081))
	}},
	{"unpublish", func(ctx context.Context, d *Driver) error { return d.Unpublish(ctx, "n1", "e1") }},
	{"publish again", func(ctx context.Context, d *Driver) error {
		return d.Publish(ctx, "n1", "e1", publication(8080))
	}},
	{"create second endpoint", func(ctx context.Context, d *Driver) error {
		_, err := d.CreateEndpoint(ctx, endpoint("n1", "e2", "10.1.0.3/24"))
		return err
	}},
	{"delete endpoint", func(ctx context.Context, d *Driver) error { return deleteEndpoint(ctx, d, "n1", "e1") }},
	{"delete network", func(ctx context.Context, d *Driver) error { return deleteNetwork(ctx, d, "n1") }},
}

// deleteNetwork deletes the network and waits until nothing is left of it.
func deleteNetwork(ctx context.Context, d *Driver, id NetworkID) error {
	return errors.Join(d.DeleteNetwork(ctx, id), d.reap(ctx))
}

// deleteEndpoint deletes the endpoint and waits until nothing is left of it.
func deleteEndpoint(ctx context.Context, d *Driver, network NetworkID, id EndpointID) error {
	return errors.Join(d.DeleteEndpoint(ctx, network, id), d.reap(ctx))
}

// worldBefore is a world in which the calls before the i-th were answered.
func worldBefore(t *testing.T, i int) (*world, *Driver) {
	t.Helper()
	w := newWorld()
	d := w.open(t)
	for _, before := range calls[:i] {
		must(t, before.do(t.Context(), d))
	}
	return w, d
}

// most is more effects than any call has.
const most = 12

// TestKilledAtEachEffect kills the process before each effect of each call, and
// wants the next start to leave nothing half done.
func TestKilledAtEachEffect(t *testing.T) {
	driven := 0
	for i, call := range calls {
		for effect := range most {
			w, d := worldBefore(t, i)
			w.effects, w.kill = effect, true
			if !killed(func() { _ = call.do(t.Context(), d) }) {
				break
			}
			driven++
			d = w.open(t)
			when := fmt.Sprintf("%s killed at effect %d", call.name, effect)
			w.check(t, when)
			if d.Recovered() > 0 {
				t.Errorf("%s: the kernel has what the state does not know", when)
			}
			// The engine goes on: what it deletes is gone, whatever had happened.
			must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
			must(t, deleteNetwork(t.Context(), d, "n1"))
			w.checkEmpty(t, when)
		}
	}
	wantDriven(t, driven)
}

// TestFailureAtEachEffect lets each effect of each call fail once, and wants the
// call to say so and the same call to succeed when it is repeated.
func TestFailureAtEachEffect(t *testing.T) {
	driven := 0
	for i, call := range calls {
		for effect := range most {
			w, d := worldBefore(t, i)
			w.effects, w.kill = effect, false
			err := call.do(t.Context(), d)
			if w.effects >= 0 {
				break
			}
			w.mend()
			driven++
			when := fmt.Sprintf("%s with effect %d failing", call.name, effect)
			if err == nil {
				t.Errorf("%s: no error", when)
			}
			if err := call.do(t.Context(), d); err != nil {
				t.Errorf("%s, repeated: %v", when, err)
			}
			w.check(t, when)
			must(t, deleteNetwork(t.Context(), d, "n1"))
			w.checkEmpty(t, when)
		}
	}
	wantDriven(t, driven)
}

// TestLastingFailure lets all effects fail from one on, so that undoing fails
// too. Once the failure has passed, another network gets the same subnet and
// another endpoint the same address.
func TestLastingFailure(t *testing.T) {
	driven := 0
	for i, call := range calls {
		for effect := range most {
			w, d := worldBefore(t, i)
			w.effects, w.lasting = effect, true
			err := call.do(t.Context(), d)
			if w.effects >= 0 {
				break
			}
			w.mend()
			driven++
			when := fmt.Sprintf("%s with all failing from effect %d", call.name, effect)
			if err == nil {
				t.Errorf("%s: no error", when)
			}
			switch call.name {
			case "create network", "delete network":
				if err := d.CreateNetwork(t.Context(), config("n2", "10.1.0.0/24")); err != nil {
					t.Errorf("%s, then another network: %v", when, err)
				}
			default:
				if call.name != "delete endpoint" { // the engine repeats no delete
					must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
				}
				if _, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e3", "10.1.0.2/24")); err != nil {
					t.Errorf("%s, then another endpoint: %v", when, err)
				}
			}
			w.check(t, when)
		}
	}
	wantDriven(t, driven)
}

// wantDriven wants an effect in each call: where there is none, nothing was tested.
func wantDriven(t *testing.T, driven int) {
	t.Helper()
	t.Logf("%d effects", driven)
	if driven < len(calls) {
		t.Errorf("%d effects of %d calls were driven, want one of each at least", driven, len(calls))
	}
}

func (w *world) checkEmpty(t *testing.T, when string) {
	t.Helper()
	if n := len(w.networks) + len(w.endpoints) + len(w.bridges) + len(w.veths) + len(w.rules) + len(w.endpointRules) + len(w.held); n > 0 {
		t.Errorf("%s, then all deleted: left are %v %v %v %v %v %v %v", when, w.networks, w.endpoints, w.bridges, w.veths, w.rules, w.endpointRules, w.held)
	}
}

// killed runs do and reports whether it was killed on the way.
func killed(do func()) (killed bool) {
	defer func() {
		cause := recover()
		err, _ := cause.(error)
		killed = errors.Is(err, errKilled)
		if cause != nil && !killed {
			panic(cause)
		}
	}()
	do()
	return false
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
