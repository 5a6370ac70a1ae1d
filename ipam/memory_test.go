package ipam_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mybridge/ipam"
)

const restTime = time.Minute

// copyOf is a state that keeps the same.
func copyOf(state *fakeState) *fakeState {
	second := newFakeState()
	snapshot, _ := state.Load(context.Background())
	for _, pool := range snapshot.Pools {
		second.pools[pool.ID] = pool
		second.leases[pool.ID] = map[netip.Addr]ipam.Lease{}
	}
	for _, lease := range snapshot.Leases {
		second.leases[lease.Pool][lease.Address] = lease
	}
	for _, r := range snapshot.Reservations {
		second.reservations[r.Address] = r
	}
	return second
}

// wantDrained checks all that the pool gives, in its order, by this manager and
// by one that was opened on what it kept.
func wantDrained(t *testing.T, state *fakeState, c *clock, m *ipam.Manager, pool ipam.Pool, want ...string) {
	t.Helper()
	second := openAt(t, copyOf(state), c, restTime)
	for name, m := range map[string]*ipam.Manager{"the same process": m, "a restarted one": second} {
		var got []string
		for _, prefix := range drainPool(t, m, pool.ID) {
			got = append(got, netip.MustParsePrefix(prefix).Addr().String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s gives\n got %v\nwant %v", name, got, want)
		}
	}
}

// TestOldestIsTakenFirst has a pool with no fresh address left.
func TestOldestIsTakenFirst(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/29")
	drainPool(t, m, pool.ID)
	for _, a := range []string{"10.1.0.4", "10.1.0.2", "10.1.0.5"} {
		release(t, m, pool.ID, a)
		c.pass(time.Second)
	}
	c.pass(time.Hour)
	wantDrained(t, state, c, m, pool, "10.1.0.4", "10.1.0.2", "10.1.0.5")
}

// TestFreshBeforeRested gives what was never given, however long the other rested.
func TestFreshBeforeRested(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/29")
	for range 2 {
		if _, err := requestDynamic(m, pool.ID); err != nil {
			t.Fatal(err)
		}
	}
	release(t, m, pool.ID, "10.1.0.1")
	c.pass(24 * time.Hour)
	wantDrained(t, state, c, m, pool, "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.1")
}

// TestOrderOfReuse has one address of each kind, released in the wrong order.
func TestOrderOfReuse(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/29")
	for _, a := range []string{"10.1.0.1", "10.1.0.4"} {
		if _, err := requestExplicit(m, pool.ID, a); err != nil {
			t.Fatal(err)
		}
	}
	drainPool(t, m, pool.ID)
	release(t, m, pool.ID, "10.1.0.1") // asked for, rested longest
	c.pass(time.Second)
	release(t, m, pool.ID, "10.1.0.2") // rested
	c.pass(restTime)
	release(t, m, pool.ID, "10.1.0.4") // asked for, rests
	c.pass(time.Second)
	release(t, m, pool.ID, "10.1.0.3") // rests
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.1", "10.1.0.3", "10.1.0.4")
}

// TestRestEnds checks the moment from which an address has rested: before it a
// rested one that was asked for is preferred.
func TestRestEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		rest time.Duration
		want []string
	}{
		{"a second too early", restTime - time.Second, []string{"10.1.0.2", "10.1.0.1"}},
		{"at once", restTime, []string{"10.1.0.1", "10.1.0.2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			state, c := newFakeState(), newClock()
			m := openAt(t, state, c, restTime)
			pool := needPool(t, m, "10.1.0.0/30")
			if _, err := requestExplicit(m, pool.ID, "10.1.0.2"); err != nil {
				t.Fatal(err)
			}
			drainPool(t, m, pool.ID)
			release(t, m, pool.ID, "10.1.0.2")
			c.pass(restTime)
			release(t, m, pool.ID, "10.1.0.1")
			c.pass(test.rest)
			wantDrained(t, state, c, m, pool, test.want...)
		})
	}
}

// TestAskedOnceIsAskedForEver checks that an address asked for with --ip is the
// last to be given also after others had it.
func TestAskedOnceIsAskedForEver(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/30")
	if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, "10.1.0.1")
	for range 3 { // as a dynamic address
		c.pass(time.Hour)
		drainPool(t, m, pool.ID)
		release(t, m, pool.ID, "10.1.0.1")
		c.pass(time.Second)
		release(t, m, pool.ID, "10.1.0.2")
		m = openAt(t, state, c, restTime)
	}
	c.pass(time.Hour)
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.1")
}

// TestAskedWithinASecond checks that an address counts as asked for at once, also
// where its leases ended in the same second before and after.
func TestAskedWithinASecond(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/30")
	drainPool(t, m, pool.ID)
	release(t, m, pool.ID, "10.1.0.1", "10.1.0.2")
	if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, "10.1.0.1")
	c.pass(time.Hour)
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.1")
}

// TestGatewayIsNotAskedFor checks that a gateway's address, once released, is
// one like any other.
func TestGatewayIsNotAskedFor(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/30")
	if _, err := requestGateway(m, pool.ID, "10.1.0.1"); err != nil {
		t.Fatal(err)
	}
	drainPool(t, m, pool.ID)
	release(t, m, pool.ID, "10.1.0.1")
	c.pass(time.Second)
	release(t, m, pool.ID, "10.1.0.2")
	c.pass(time.Hour)
	wantDrained(t, state, c, m, pool, "10.1.0.1", "10.1.0.2")
}

// TestTakenAreNeverGiven checks that dynamic requests give neither the gateway
// nor an auxiliary address nor the subnet's ends.
func TestTakenAreNeverGiven(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestGateway(m, pool.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := requestExplicit(m, pool.ID, "10.1.0.4"); err != nil {
		t.Fatal(err)
	}
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.3", "10.1.0.5", "10.1.0.6")
}

// TestFailedRequestKeepsOrder checks that an address whose lease could not be
// kept is again what it was: the one that rested longest.
func TestFailedRequestKeepsOrder(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/30")
	drainPool(t, m, pool.ID)
	release(t, m, pool.ID, "10.1.0.2")
	c.pass(time.Hour)
	release(t, m, pool.ID, "10.1.0.1")
	state.failNext(errInjected)
	_, err := requestDynamic(m, pool.ID)
	wantError(t, "RequestAddress", err, errInjected, "10.1.0.2")
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.1")
}

// TestReleasedReservationKeepsOrder checks that an address that was reserved in
// the meantime has rested since its lease ended.
func TestReleasedReservationKeepsOrder(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/29")
	drainPool(t, m, pool.ID)
	for _, a := range []string{"10.1.0.2", "10.1.0.1", "10.1.0.3"} {
		release(t, m, pool.ID, a)
		c.pass(time.Hour)
	}
	load(t, m, `{"10.1.0.0/29":"0100000"}`)
	if got, err := requestDynamic(m, pool.ID); err != nil || got.Addr().String() != "10.1.0.1" {
		t.Errorf("with 10.1.0.2 reserved: got %s, %v, want 10.1.0.1", got, err)
	}
	if err := m.Release(context.Background(), netip.MustParseAddr("10.1.0.2"), false); err != nil {
		t.Fatal(err)
	}
	wantDrained(t, state, c, m, pool, "10.1.0.2", "10.1.0.3")
}

// TestClockSteppedBack checks that addresses whose leases ended in what is now
// the future are still there when nothing else is free.
func TestClockSteppedBack(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/30")
	drainPool(t, m, pool.ID)
	release(t, m, pool.ID, "10.1.0.2")
	c.pass(-24 * time.Hour)
	release(t, m, pool.ID, "10.1.0.1")
	wantDrained(t, state, c, m, pool, "10.1.0.1", "10.1.0.2")
}
