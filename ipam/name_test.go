package ipam_test

import (
	"net/netip"
	"testing"
	"time"

	"mybridge/ipam"
)

// wantNamed requests an address for a name and checks it.
func wantNamed(t *testing.T, m *ipam.Manager, pool ipam.PoolID, name, want string) {
	t.Helper()
	if got, err := requestNamed(m, pool, name); err != nil || got.Addr().String() != want {
		t.Errorf("address of %q: got %s, %v, want %s", name, got, err, want)
	}
}

// TestNameGetsItsAddressBack checks what the endpoint named web, which had
// 10.1.0.1, gets when it comes back.
func TestNameGetsItsAddressBack(t *testing.T) {
	for _, test := range []struct {
		name      string
		meanwhile func(t *testing.T, m *ipam.Manager, pool ipam.PoolID)
		want      string
	}{
		{"nobody else came", func(*testing.T, *ipam.Manager, ipam.PoolID) {}, "10.1.0.1"},
		{"others came", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			wantNamed(t, m, pool, "db", "10.1.0.2")
			wantNamed(t, m, pool, "", "10.1.0.3")
		}, "10.1.0.1"},
		{"the others came and went", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			wantNamed(t, m, pool, "db", "10.1.0.2")
			release(t, m, pool, "10.1.0.2")
		}, "10.1.0.1"},
		{"the pool needed it", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			drainPool(t, m, pool)
			release(t, m, pool, "10.1.0.4")
		}, "10.1.0.4"},
		{"another name had it since", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			request := ipam.AddressRequest{Pool: pool, Address: netip.MustParseAddr("10.1.0.1"), Name: "db"}
			if _, err := m.RequestAddress(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			release(t, m, pool, "10.1.0.1")
		}, "10.1.0.2"},
		{"somebody without a name had it since", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			if _, err := requestExplicit(m, pool, "10.1.0.1"); err != nil {
				t.Fatal(err)
			}
			release(t, m, pool, "10.1.0.1")
		}, "10.1.0.2"},
		{"it is reserved", func(t *testing.T, m *ipam.Manager, _ ipam.PoolID) {
			load(t, m, `{"10.1.0.0/29":"1000000"}`)
		}, "10.1.0.2"},
		{"it runs already", func(t *testing.T, m *ipam.Manager, pool ipam.PoolID) {
			wantNamed(t, m, pool, "web", "10.1.0.1")
		}, "10.1.0.2"},
	} {
		for _, restarted := range []bool{false, true} {
			name := test.name
			if restarted {
				name += ", after a restart"
			}
			t.Run(name, func(t *testing.T) {
				state, c := newFakeState(), newClock()
				m := openAt(t, state, c, restTime)
				pool := needPool(t, m, "10.1.0.0/29").ID
				wantNamed(t, m, pool, "web", "10.1.0.1")
				release(t, m, pool, "10.1.0.1")
				c.pass(time.Second)
				test.meanwhile(t, m, pool)
				c.pass(time.Second)
				if restarted {
					m = openAt(t, state, c, restTime)
				}
				wantNamed(t, m, pool, "web", test.want)
			})
		}
	}
}

// TestNameHasItsOwnPool checks that a name in one pool is not one in another.
func TestNameHasItsOwnPool(t *testing.T) {
	m := newManager(t)
	first, second := needPool(t, m, "10.1.0.0/29"), needPool(t, m, "10.1.1.0/29")
	wantNamed(t, m, first.ID, "db", "10.1.0.1")
	wantNamed(t, m, first.ID, "web", "10.1.0.2")
	wantNamed(t, m, second.ID, "web", "10.1.1.1")
	release(t, m, first.ID, "10.1.0.2")
	release(t, m, second.ID, "10.1.1.1")
	wantNamed(t, m, second.ID, "web", "10.1.1.1")
	wantNamed(t, m, first.ID, "web", "10.1.0.2")
}

// TestNameGetsLastOfSeveral has a name that had one address after the other: it
// gets the last, whatever the order in which the state lists them.
func TestNameGetsLastOfSeveral(t *testing.T) {
	for range 20 {
		state, c := newFakeState(), newClock()
		m := openAt(t, state, c, restTime)
		pool := needPool(t, m, "10.1.0.0/28").ID
		wantNamed(t, m, pool, "web", "10.1.0.1")
		release(t, m, pool, "10.1.0.1")
		for _, a := range []string{"10.1.0.7", "10.1.0.9", "10.1.0.5"} {
			c.pass(time.Hour)
			request := ipam.AddressRequest{Pool: pool, Address: netip.MustParseAddr(a), Name: "web"}
			if _, err := m.RequestAddress(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			release(t, m, pool, a)
		}
		second := openAt(t, copyOf(state), c, restTime)
		wantNamed(t, m, pool, "web", "10.1.0.5")
		wantNamed(t, second, pool, "web", "10.1.0.5")
	}
}

// TestNameLosesEarlierAddress checks that a name keeps its last address when
// another takes one that it had before.
func TestNameLosesEarlierAddress(t *testing.T) {
	state, c := newFakeState(), newClock()
	m := openAt(t, state, c, restTime)
	pool := needPool(t, m, "10.1.0.0/28").ID
	for _, request := range []ipam.AddressRequest{
		{Name: "web", Address: netip.MustParseAddr("10.1.0.7")},
		{Name: "web", Address: netip.MustParseAddr("10.1.0.9")},
		{Name: "db", Address: netip.MustParseAddr("10.1.0.7")},
	} {
		c.pass(time.Hour)
		request.Pool = pool
		if _, err := m.RequestAddress(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		release(t, m, pool, request.Address.String())
	}
	second := openAt(t, copyOf(state), c, restTime)
	for _, m := range []*ipam.Manager{m, second} {
		wantNamed(t, m, pool, "web", "10.1.0.9")
		wantNamed(t, m, pool, "db", "10.1.0.7")
	}
}

// TestNameOutsideOfRange checks that an address from outside the range of
// dynamic addresses, which --ip may choose, does not come back without --ip.
func TestNameOutsideOfRange(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/24", "10.1.0.64/26").ID
	request := ipam.AddressRequest{Pool: pool, Address: netip.MustParseAddr("10.1.0.7"), Name: "web"}
	if _, err := m.RequestAddress(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool, "10.1.0.7")
	wantNamed(t, m, pool, "web", "10.1.0.64")
}

// TestNameOutlivesPool is docker compose down and up: the network goes with its
// pool and comes back with the same subnet, also over a restart. Nobody else is
// kept from the addresses while they are needed.
func TestNameOutlivesPool(t *testing.T) {
	for name, restarted := range map[string]bool{"same process": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			state := newFakeState()
			m := open(t, state, &fakeHost{})
			pool := needPool(t, m, "10.1.0.0/29")
			if _, err := requestGateway(m, pool.ID, ""); err != nil {
				t.Fatal(err)
			}
			wantNamed(t, m, pool.ID, "db", "10.1.0.2")
			wantNamed(t, m, pool.ID, "web", "10.1.0.3")
			release(t, m, pool.ID, "10.1.0.2", "10.1.0.3", "10.1.0.1")
			if err := m.ReleasePool(t.Context(), pool.ID); err != nil {
				t.Fatal(err)
			}
			if restarted {
				m = open(t, state, &fakeHost{})
			}
			pool = needPool(t, m, "10.1.0.0/29")
			if _, err := requestGateway(m, pool.ID, ""); err != nil {
				t.Fatal(err)
			}
			wantNamed(t, m, pool.ID, "web", "10.1.0.3")
			wantNamed(t, m, pool.ID, "other", "10.1.0.4")
			wantNamed(t, m, pool.ID, "db", "10.1.0.2")
		})
	}
}
