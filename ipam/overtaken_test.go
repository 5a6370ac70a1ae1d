package ipam_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mybridge/ipam"
)

// TestReservedWhileRequested reserves an address whose lease is on its way to the
// disk, and does not arrive there: it is reserved then, and not free.
func TestReservedWhileRequested(t *testing.T) {
	state := newGatedState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	state.hold("AddLease")
	requested := start(func() error { _, err := requestDynamic(m, pool.ID); return err })
	<-state.arrived
	load(t, m, `{"10.1.0.0/29":"1000000"}`)
	state.failNext(errInjected)
	close(state.proceed)
	wantError(t, "RequestAddress", <-requested, errInjected, "10.1.0.1")
	if got, want := drainPool(t, m, pool.ID), hosts("10.1.0.%d/29", 2, 6); !slices.Equal(got, want) {
		t.Errorf("the pool gives %v, want %v", got, want)
	}
}

// TestReservationEndsWhileRequested reserves an address whose lease is on its way
// to the disk, and ends the reservation: nobody else gets the address.
func TestReservationEndsWhileRequested(t *testing.T) {
	state := newGatedState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	state.hold("AddLease")
	requested := start(func() error { _, err := requestDynamic(m, pool.ID); return err })
	<-state.arrived
	load(t, m, `{"10.1.0.0/29":"1000000"}`)
	if err := m.Release(t.Context(), netip.MustParseAddr("10.1.0.1"), false); err != nil {
		t.Fatal(err)
	}
	got := drainPool(t, m, pool.ID)
	close(state.proceed)
	if err := <-requested; err != nil {
		t.Errorf("RequestAddress: %v", err)
	}
	if want := hosts("10.1.0.%d/29", 2, 6); !slices.Equal(got, want) {
		t.Errorf("the others get %v, want %v", got, want)
	}
}

// TestRequestedWhileForgotten asks for an address while the pool forgets whose it
// was. Whoever is told that it is his has it alone, now and after a restart.
func TestRequestedWhileForgotten(t *testing.T) {
	t.Parallel()
	c := newClock()
	gated := newGatedState()
	var pool ipam.Pool
	gated.fakeState, pool = rememberingState(ipam.MostRemembered, func(n int) (time.Time, bool) {
		return c.now().Add(time.Duration(n-1_000_000) * time.Second), false
	})
	m := openAt(t, gated, c, restTime)
	got, err := requestDynamic(m, pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	gated.hold("ForgetLeases")
	released := start(func() error { return m.ReleaseAddress(t.Context(), pool.ID, got.Addr()) })
	<-gated.arrived
	_, first := requestExplicit(m, pool.ID, "10.0.0.1") // the oldest
	if first != nil && !errors.Is(first, ipam.ErrTaken) {
		t.Errorf("the address that is being forgotten: got error %v, want none or ErrTaken", first)
	}
	close(gated.proceed)
	if err := <-released; err != nil {
		t.Errorf("ReleaseAddress: %v", err)
	}
	_, second := requestExplicit(m, pool.ID, "10.0.0.1")
	if (first == nil) == (second == nil) {
		t.Errorf("10.0.0.1 asked for twice: got errors %v and %v, want one of them to be none", first, second)
	}
	_, third := requestExplicit(openAt(t, gated, c, restTime), pool.ID, "10.0.0.1")
	wantError(t, "10.0.0.1 after a restart", third, ipam.ErrTaken)
	release(t, m, pool.ID, "10.0.0.1")
	if held := gated.held(pool.ID); held != 0 {
		t.Errorf("after its release %d leases are held, want none", held)
	}
}

// TestRangeLearnedWhileReserved checks that a pool which was recovered, and whose
// range is learned, gives no address of it that is reserved or leased.
func TestRangeLearnedWhileReserved(t *testing.T) {
	m := open(t, newFakeState(), &fakeHost{}, func(config *ipam.Config) {
		config.Doubt = "the state is new"
		config.Networks = &fakeNetworks{holdings: []holding{{
			subnet: netip.MustParsePrefix("10.1.0.0/24"), endpoints: []netip.Addr{netip.MustParseAddr("10.1.0.66")},
		}}}
	})
	load(t, m, `{"10.1.0.64/29":"1000000"}`) // .65
	fact := ipam.Fact{
		Subnet:  netip.MustParsePrefix("10.1.0.0/24"),
		Range:   netip.MustParsePrefix("10.1.0.64/29"),
		Gateway: netip.MustParseAddr("10.1.0.1"),
		Used:    map[netip.Addr]string{netip.MustParseAddr("10.1.0.64"): "web"},
	}
	if err := m.Learn(t.Context(), []ipam.Fact{fact}); err != nil {
		t.Fatal(err)
	}
	pool := ipam.NewPoolID(ipam.LocalAddressSpace, fact.Subnet)
	if got, want := drainPool(t, m, pool), hosts("10.1.0.%d/24", 67, 71); !slices.Equal(got, want) {
		t.Errorf("the pool gives %v, want %v", got, want)
	}
}
