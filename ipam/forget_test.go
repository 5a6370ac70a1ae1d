package ipam_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"mybridge/ipam"
)

// numbered is the n-th address of 10.0.0.0/8.
func numbered(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// kindOfEnd says how the n-th lease ended.
type kindOfEnd func(n int) (ended time.Time, asked bool)

// rememberingState keeps 10.0.0.0/8 with leases of the addresses from 1 on, those
// of the first hundred with the names c1 to c100.
func rememberingState(leases int, kind kindOfEnd) (*fakeState, ipam.Pool) {
	subnet := netip.MustParsePrefix("10.0.0.0/8")
	pool := ipam.Pool{ID: ipam.NewPoolID(ipam.LocalAddressSpace, subnet), Subnet: subnet, Range: subnet, Since: time.Unix(1, 0)}
	state := newFakeState()
	state.pools[pool.ID] = pool
	kept := make(map[netip.Addr]ipam.Lease, leases)
	for n := 1; n <= leases; n++ {
		lease := ipam.Lease{Pool: pool.ID, Address: numbered(n), Kind: ipam.Dynamic, Since: time.Unix(1, 0)}
		if n <= 100 {
			lease.Name = fmt.Sprint("c", n)
		}
		lease.Ended, lease.Asked = kind(n)
		kept[lease.Address] = lease
	}
	state.leases[pool.ID] = kept
	return state, pool
}

// tick leases an address and gives it back, upon which leases are forgotten.
func tick(t *testing.T, m *ipam.Manager, pool ipam.Pool) {
	t.Helper()
	got, err := requestNamed(m, pool.ID, "tick")
	if err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, got.Addr().String())
}

// TestOldestAreForgotten has a pool with ten more ended leases than it
// remembers; every third of the oldest was asked for.
func TestOldestAreForgotten(t *testing.T) {
	t.Parallel()
	const tooMany = 10
	c := newClock()
	long := c.now().Add(-1_000_000 * time.Second)
	asked := func(n int) bool { return n%3 == 0 && n <= 30 }
	state, pool := rememberingState(ipam.MostRemembered+10+tooMany, func(n int) (time.Time, bool) {
		return long.Add(time.Duration(n) * time.Second), asked(n) // ten are asked for
	})
	m := openAt(t, state, c, restTime)
	tick(t, m, pool) // one more
	forgotten := 0
	for n := 1; forgotten <= tooMany; n++ {
		_, kept := state.leases[pool.ID][numbered(n)]
		if want := asked(n) || forgotten > tooMany; kept != want {
			t.Errorf("ended lease %d is kept: %v, want %v", n, kept, want)
		}
		if !asked(n) {
			forgotten++
		}
	}
	if got, want := len(state.leases[pool.ID]), ipam.MostRemembered+10; got != want {
		t.Errorf("%d ended leases are kept, want %d", got, want)
	}
	// What is forgotten is as good as new, for nobody and for whom it was.
	second := openAt(t, state, c, restTime)
	wantNamed(t, second, pool.ID, "c2", "10.0.0.1")
	wantNamed(t, second, pool.ID, "c40", "10.0.0.40")
	wantNamed(t, second, pool.ID, "new", "10.0.0.2")
	wantNamed(t, second, pool.ID, "newer", "10.0.0.4") // 3 was asked for
}

// TestForgottenAreGivenAgain has a pool of whose addresses one is free.
func TestForgottenAreGivenAgain(t *testing.T) {
	t.Parallel()
	const addresses = 1<<17 - 1 // of a /15
	c := newClock()
	state, pool := rememberingState(addresses-1, func(n int) (time.Time, bool) {
		if n > ipam.MostRemembered {
			return time.Time{}, false // held
		}
		return c.now().Add(time.Duration(n-1_000_000) * time.Second), false
	})
	pool.Range = netip.MustParsePrefix("10.0.0.0/15")
	state.pools[pool.ID] = pool
	m := openAt(t, state, c, restTime)
	tick(t, m, pool)
	wantNamed(t, m, pool.ID, "tick", numbered(addresses).String())
	wantNamed(t, m, pool.ID, "c3", "10.0.0.3")
	wantNamed(t, m, pool.ID, "new", "10.0.0.1") // forgotten
	release(t, m, pool.ID, "10.0.0.1")
	wantNamed(t, m, pool.ID, "c1", "10.0.0.2") // its own is forgotten; this one rested longest
}

// TestRestingAreNotForgotten has too many leases, all of which ended just now.
func TestRestingAreNotForgotten(t *testing.T) {
	t.Parallel()
	const tooMany = 600 // more than are forgotten in one go
	c := newClock()
	state, pool := rememberingState(ipam.MostRemembered+tooMany, func(int) (time.Time, bool) { return c.now(), false })
	m := openAt(t, state, c, restTime)
	tick(t, m, pool)
	if got, want := len(state.leases[pool.ID]), ipam.MostRemembered+tooMany+1; got != want {
		t.Errorf("while they rest %d leases are kept, want %d", got, want)
	}
	c.pass(restTime)
	for range 4 {
		tick(t, m, pool)
	}
	if got, want := len(state.leases[pool.ID]), ipam.MostRemembered; got != want {
		t.Errorf("after their rest %d leases are kept, want %d", got, want)
	}
}

// TestForgettingFails checks that leases that the state could not forget are
// remembered, and forgotten the next time.
func TestForgettingFails(t *testing.T) {
	t.Parallel()
	c := newClock()
	state, pool := rememberingState(ipam.MostRemembered, func(n int) (time.Time, bool) {
		return c.now().Add(time.Duration(n-1_000_000) * time.Second), false
	})
	m := openAt(t, state, c, restTime)
	got, err := requestNamed(m, pool.ID, "tick")
	if err != nil {
		t.Fatal(err)
	}
	state.before = func(method string) {
		if method == "ForgetLeases" {
			state.failNext(errInjected)
		}
	}
	// The lease has ended, whatever is answered.
	_ = m.ReleaseAddress(t.Context(), pool.ID, got.Addr())
	state.before = nil
	if lease := state.leases[pool.ID][got.Addr()]; lease.Ended.IsZero() {
		t.Errorf("after ReleaseAddress the lease is %+v, want it ended", lease)
	}
	if got, want := len(state.leases[pool.ID]), ipam.MostRemembered+1; got != want {
		t.Errorf("after the failure %d leases are kept, want %d", got, want)
	}
	tick(t, m, pool)
	if _, kept := state.leases[pool.ID][numbered(1)]; kept {
		t.Error("the oldest lease is kept, want it forgotten at the second try")
	}
	if got, want := len(state.leases[pool.ID]), ipam.MostRemembered; got != want {
		t.Errorf("after the second try %d leases are kept, want %d", got, want)
	}
}

// TestBusyNameIsOneLease checks that a container which is started over and over
// makes the pool forget nobody.
func TestBusyNameIsOneLease(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := openAt(t, newFakeState(), c, restTime)
	pool := needPool(t, m, "10.0.0.0/8")
	wantNamed(t, m, pool.ID, "web", "10.0.0.1")
	release(t, m, pool.ID, "10.0.0.1")
	for range ipam.MostRemembered + 1 {
		c.pass(time.Second)
		tick(t, m, pool)
	}
	wantNamed(t, m, pool.ID, "another", "10.0.0.3")
	wantNamed(t, m, pool.ID, "web", "10.0.0.1")
}
