package ipam_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"testing"
	"time"

	"mybridge/ipam"
)

// settleTime is how long a call may take to arrive where it waits. Where it
// waits for a lock it never does, which is as well.
const settleTime = 50 * time.Millisecond

// gatedState is a fakeState whose next call of one method waits.
type gatedState struct {
	*fakeState
	arrived, proceed chan struct{}
}

// newGatedState returns a state in which hold makes the next call of a method
// wait until release.
func newGatedState() *gatedState {
	return &gatedState{fakeState: newFakeState()}
}

// hold makes the next call of method wait. It is called while no call runs.
func (s *gatedState) hold(method string) {
	s.arrived, s.proceed = make(chan struct{}), make(chan struct{})
	first := make(chan struct{}, 1)
	first <- struct{}{}
	s.before = func(called string) {
		if called != method {
			return
		}
		select {
		case <-first:
			close(s.arrived)
			<-s.proceed
		default:
		}
	}
}

// start runs do and waits until it is done or has had time to get stuck.
func start(do func() error) <-chan error {
	done := make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		done <- do()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(settleTime):
	}
	return done
}

// wantRestartChangesNothing checks that what the manager says is what it would
// say after a restart.
func wantRestartChangesNothing(t *testing.T, m *ipam.Manager, state ipam.State) {
	t.Helper()
	dumped, _ := m.Dump()
	after, _ := open(t, state, &fakeHost{}).Dump()
	if !maps.Equal(dumped, after) {
		t.Errorf("the manager has %v, after a restart it would have %v", dumped, after)
	}
}

// TestPoolBeingReleasedGivesNothing asks for addresses while the release of
// their pool is on its way to the disk.
func TestPoolBeingReleasedGivesNothing(t *testing.T) {
	for name, request := range map[string]ipam.AddressRequest{
		"dynamic":           {},
		"explicit":          {Address: netip.MustParseAddr("10.1.0.7")},
		"explicit gateway":  {Address: netip.MustParseAddr("10.1.0.1"), Gateway: true},
		"gateway":           {Gateway: true},
		"broadcast address": {Address: netip.MustParseAddr("10.1.0.255")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			state := newGatedState()
			m := open(t, state, &fakeHost{})
			pool := needPool(t, m, "10.1.0.0/24")
			state.hold("RemovePool")
			released := start(func() error { return m.ReleasePool(context.Background(), pool.ID) })
			<-state.arrived
			request.Pool = pool.ID
			requested := start(func() error {
				got, err := m.RequestAddress(context.Background(), request)
				if err == nil {
					t.Errorf("a pool that is being released gave %s", got)
				}
				return err
			})
			close(state.proceed)
			if err := <-released; err != nil {
				t.Errorf("ReleasePool: %v", err)
			}
			if err := <-requested; err != nil && !errors.Is(err, ipam.ErrUnknownPool) {
				t.Errorf("RequestAddress: got error %v, want ErrUnknownPool", err)
			}
		})
	}
}

// TestReleaseInterleaved has calls overtake each other on their way to the
// disk. Whatever order they end in, a pool that was given and not released since
// gives addresses, and a restart changes nothing.
func TestReleaseInterleaved(t *testing.T) {
	const subnet = "10.1.0.0/24"
	ctx := context.Background()
	request := ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix(subnet)}
	id := ipam.NewPoolID(request.Space, request.Subnet)

	t.Run("pool released twice and requested", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		needPool(t, m, subnet)
		state.hold("RemovePool")
		first := start(func() error { return m.ReleasePool(ctx, id) })
		second := start(func() error { return m.ReleasePool(ctx, id) })
		third := start(func() error { _, err := m.RequestPool(ctx, request); return err })
		close(state.proceed)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Fatalf("ReleasePool: %v", err)
		}
		if err := <-third; err == nil {
			if got, err := requestDynamic(m, id); err != nil {
				t.Errorf("the pool given last gives %s, %v, want an address", got, err)
			}
		} else if !errors.Is(err, ipam.ErrOverlap) {
			t.Errorf("RequestPool: got error %v, want none or ErrOverlap", err)
		}
		wantRestartChangesNothing(t, m, state)
	})

	t.Run("pool released while it is requested", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		state.hold("AddPool")
		requested := start(func() error { _, err := m.RequestPool(ctx, request); return err })
		released := start(func() error { return m.ReleasePool(ctx, id) })
		close(state.proceed)
		if err := <-released; err != nil {
			t.Fatalf("ReleasePool: %v", err)
		}
		<-requested // with or without success: the release may count as the later call
		wantRestartChangesNothing(t, m, state)
	})

	t.Run("pool released and requested while an address is", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		needPool(t, m, subnet)
		state.hold("AddLease")
		address := start(func() error { _, err := requestDynamic(m, id); return err })
		released := start(func() error { return m.ReleasePool(ctx, id) })
		again := start(func() error { _, err := m.RequestPool(ctx, request); return err })
		close(state.proceed)
		if err := <-released; err != nil {
			t.Fatalf("ReleasePool: %v", err)
		}
		if err := <-again; err != nil && !errors.Is(err, ipam.ErrOverlap) {
			t.Errorf("RequestPool: got error %v, want none or ErrOverlap", err)
		}
		<-address // with or without success
		wantRestartChangesNothing(t, m, state)
	})

	t.Run("pool released twice, the second fails", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		needPool(t, m, subnet)
		state.hold("RemovePool")
		first := start(func() error { return m.ReleasePool(ctx, id) })
		state.failNext(errInjected)
		second := start(func() error { return m.ReleasePool(ctx, id) })
		close(state.proceed)
		errFirst, errSecond := <-first, <-second
		if failed := errFirst != nil; failed == (errSecond != nil) {
			t.Errorf("ReleasePool twice with one failure: got errors %v and %v, want one", errFirst, errSecond)
		}
		wantRestartChangesNothing(t, m, state)
	})

	t.Run("address released twice, the first fails", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		pool := needPool(t, m, "10.1.0.4/32")
		address := netip.MustParseAddr("10.1.0.4")
		if _, err := requestDynamic(m, pool.ID); err != nil {
			t.Fatal(err)
		}
		state.hold("EndLease")
		first := start(func() error { return m.ReleaseAddress(ctx, pool.ID, address) })
		second := start(func() error { return m.ReleaseAddress(ctx, pool.ID, address) })
		state.failNext(errInjected)
		close(state.proceed)
		errFirst, errSecond := <-first, <-second
		if errSecond == nil && state.held(pool.ID) > 0 {
			t.Errorf("ReleaseAddress twice: got errors %v and %v, and the lease is still held", errFirst, errSecond)
		}
		wantRestartChangesNothing(t, m, state)
	})

	t.Run("address released twice and requested", func(t *testing.T) {
		state := newGatedState()
		m := open(t, state, &fakeHost{})
		pool := needPool(t, m, "10.1.0.4/32")
		address := netip.MustParseAddr("10.1.0.4")
		if _, err := requestDynamic(m, pool.ID); err != nil {
			t.Fatal(err)
		}
		state.hold("EndLease")
		first := start(func() error { return m.ReleaseAddress(ctx, pool.ID, address) })
		second := start(func() error { return m.ReleaseAddress(ctx, pool.ID, address) })
		third := start(func() error { _, err := requestDynamic(m, pool.ID); return err })
		close(state.proceed)
		// Whoever comes second does not know how the first ends.
		errFirst, errSecond := <-first, <-second
		if errFirst != nil || errSecond != nil && !errors.Is(errSecond, ipam.ErrBusy) {
			t.Fatalf("ReleaseAddress twice: got errors %v and %v, want none, or ErrBusy for the second", errFirst, errSecond)
		}
		// Taken until its release is committed, so the request may fail.
		if err := <-third; err != nil && !errors.Is(err, ipam.ErrExhausted) {
			t.Errorf("RequestAddress: got error %v, want none or ErrExhausted", err)
		}
		wantRestartChangesNothing(t, m, state)
	})
}
