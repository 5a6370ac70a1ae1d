package ipam_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/ipam"
)

// lost is a state of which only a pool and its gateway are left, and what uses
// the pool all the same.
func lost(t *testing.T) (*fakeState, ipam.Pool, func(*ipam.Config)) {
	t.Helper()
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestGateway(m, pool.ID, ""); err != nil {
		t.Fatal(err)
	}
	networks := &fakeNetworks{holdings: []holding{{
		subnet:    pool.Subnet,
		gateway:   netip.MustParseAddr("10.1.0.1"),
		endpoints: []netip.Addr{netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("10.1.0.4")},
	}}}
	return state, pool, func(c *ipam.Config) { c.Networks = networks }
}

// wantDoubt wants no dynamic address, and the reason in the error.
func wantDoubt(t *testing.T, m *ipam.Manager, pool ipam.PoolID, reason string) {
	t.Helper()
	address, err := requestDynamic(m, pool)
	if !errors.Is(err, ipam.ErrDoubtful) || !strings.Contains(err.Error(), reason) {
		t.Errorf("a dynamic address in doubt: got %s, %v, want ErrDoubtful and %q", address, err, reason)
	}
}

// TestLeasesRecovered wants addresses that endpoints use leased again, and
// nothing given until it is known what else is in use, over restarts.
func TestLeasesRecovered(t *testing.T) {
	state, pool, networks := lost(t)
	synctest.Test(t, func(t *testing.T) {
		m := open(t, state, &fakeHost{}, networks)
		wantDoubt(t, m, pool.ID, "2 pools and leases")
		for _, used := range []string{"10.1.0.2", "10.1.0.4"} {
			if _, err := requestExplicit(m, pool.ID, used); !errors.Is(err, ipam.ErrTaken) {
				t.Errorf("%s: got %v, want %v", used, err, ipam.ErrTaken)
			}
		}
		if _, err := requestExplicit(m, pool.ID, "10.1.0.6"); err != nil {
			t.Errorf("an address asked for in doubt: %v", err)
		}
		fresh := needPool(t, m, "10.2.0.0/29")
		if _, err := requestDynamic(m, fresh.ID); err != nil {
			t.Errorf("a pool that is new: %v", err)
		}
		for _, restarted := range []string{"once", "again"} {
			m = open(t, state, &fakeHost{}, networks)
			wantDoubt(t, m, pool.ID, "2 pools and leases")
			if _, err := requestDynamic(m, fresh.ID); err != nil {
				t.Errorf("a pool that is newer than the doubt, restarted %s: %v", restarted, err)
			}
		}
		m = open(t, state, &fakeHost{}, networks, func(c *ipam.Config) { c.Doubt = "lost once more" })
		wantDoubt(t, m, pool.ID, "lost once more")
		wantDoubt(t, m, fresh.ID, "lost once more")
		m = open(t, state, &fakeHost{}, networks)
		wantDoubt(t, m, fresh.ID, "lost once more")
	})
}

// TestPoolRecovered wants a pool that endpoints use back although it is not kept.
func TestPoolRecovered(t *testing.T) {
	_, pool, networks := lost(t)
	synctest.Test(t, func(t *testing.T) {
		m := open(t, newFakeState(), &fakeHost{}, networks)
		wantDoubt(t, m, pool.ID, "4 pools and leases")
		if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); !errors.Is(err, ipam.ErrTaken) {
			t.Errorf("the gateway: got %v, want %v", err, ipam.ErrTaken)
		}
	})
}

// TestLeftOverNetwork wants no pool back for a network without endpoints: the
// engine has released it.
func TestLeftOverNetwork(t *testing.T) {
	networks := &fakeNetworks{holdings: []holding{{subnet: netip.MustParsePrefix("10.1.0.0/29"), gateway: netip.MustParseAddr("10.1.0.1")}}}
	m := open(t, newFakeState(), &fakeHost{}, func(c *ipam.Config) { c.Networks = networks })
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestDynamic(m, pool.ID); err != nil {
		t.Error(err)
	}
}

// TestReleasedGateway wants no doubt about a network whose gateway the engine has
// released, as it does before it deletes the network; the address stays the bridge's.
func TestReleasedGateway(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestGateway(m, pool.ID, ""); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, "10.1.0.1")
	networks := &fakeNetworks{holdings: []holding{{subnet: pool.Subnet, gateway: netip.MustParseAddr("10.1.0.1")}}}
	m = open(t, state, &fakeHost{}, func(c *ipam.Config) { c.Networks = networks })
	if got, want := drainPool(t, m, pool.ID), hosts("10.1.0.%d/29", 2, 6); !slices.Equal(got, want) {
		t.Errorf("the pool gives %v, want %v", got, want)
	}
}

// TestLearn wants what the engine says leased, the range kept to, and requests
// that wait answered.
func TestLearn(t *testing.T) {
	state, pool, networks := lost(t)
	synctest.Test(t, func(t *testing.T) {
		m := open(t, state, &fakeHost{}, networks)
		waiting := make(chan netip.Prefix)
		go func() {
			address, err := requestDynamic(m, pool.ID)
			if err != nil {
				t.Error(err)
			}
			waiting <- address
		}()
		time.Sleep(time.Second)
		facts := []ipam.Fact{
			{
				Subnet:  pool.Subnet,
				Range:   netip.MustParsePrefix("10.1.0.4/30"),
				Gateway: netip.MustParseAddr("10.1.0.1"),
				Used:    map[netip.Addr]string{netip.MustParseAddr("10.1.0.5"): "printer"},
			},
			{Subnet: netip.MustParsePrefix("10.3.0.0/30"), Range: netip.MustParsePrefix("10.3.0.0/30"), Gateway: netip.MustParseAddr("10.3.0.1")},
		}
		if err := m.Learn(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
		if got := <-waiting; got != netip.MustParsePrefix("10.1.0.6/29") {
			t.Errorf("the request that waited got %s, want the one free address of the range", got)
		}
		if _, err := requestDynamic(m, pool.ID); !errors.Is(err, ipam.ErrExhausted) {
			t.Errorf("one more: got %v, want %v", err, ipam.ErrExhausted)
		}
		other := ipam.NewPoolID(ipam.LocalAddressSpace, netip.MustParsePrefix("10.3.0.0/30"))
		if got, err := requestDynamic(m, other); err != nil || got != netip.MustParsePrefix("10.3.0.2/30") {
			t.Errorf("the pool that only the engine knew gave %s, %v, want 10.3.0.2/30", got, err)
		}
		m = open(t, state, &fakeHost{}, networks)
		if _, err := requestDynamic(m, pool.ID); !errors.Is(err, ipam.ErrExhausted) {
			t.Errorf("after a restart: got %v, want %v", err, ipam.ErrExhausted)
		}
	})
}

// TestTrust ends the doubt on a person's word, for good.
func TestTrust(t *testing.T) {
	state, pool, networks := lost(t)
	m := open(t, state, &fakeHost{}, networks)
	for range 2 {
		if err := m.Trust(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := requestDynamic(m, pool.ID); err != nil || got != netip.MustParsePrefix("10.1.0.3/29") {
		t.Errorf("got %s, %v, want 10.1.0.3/29", got, err)
	}
	m = open(t, state, &fakeHost{}, networks)
	if _, err := requestDynamic(m, pool.ID); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}
