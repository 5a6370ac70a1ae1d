package ipam_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"mybridge/ipam"
)

// TestReservedIsNotGiven checks each way of asking, for a pool that was there
// before the file was loaded and for one that comes after, and over restarts.
func TestReservedIsNotGiven(t *testing.T) {
	const file = `{"10.1.0.0/29":"1010001"}` // .1, .3 and the broadcast address
	for _, loadFirst := range []bool{false, true} {
		state := newFakeState()
		m := open(t, state, &fakeHost{})
		if loadFirst {
			load(t, m, file)
			m = open(t, state, &fakeHost{})
		}
		pool := needPool(t, m, "10.1.0.0/29")
		if !loadFirst {
			load(t, m, file)
		}
		_, err := requestExplicit(m, pool.ID, "10.1.0.3")
		wantError(t, "a reserved address", err, ipam.ErrReserved, "10.1.0.3", "ipam release")
		_, err = requestGateway(m, pool.ID, "10.1.0.1")
		wantError(t, "a reserved gateway", err, ipam.ErrReserved, "10.1.0.1")
		if got, err := requestGateway(m, pool.ID, ""); err != nil || got.String() != "10.1.0.2/29" {
			t.Errorf("gateway: got %s, %v, want the first that is not reserved", got, err)
		}
		m = open(t, state, &fakeHost{})
		if got, want := drainPool(t, m, pool.ID), hosts("10.1.0.%d/29", 4, 6); !slices.Equal(got, want) {
			t.Errorf("dynamic addresses: got %v, want %v", got, want)
		}
	}
}

// TestReservationOutlivesPool checks that releasing the pool frees no reservation.
func TestReservationOutlivesPool(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/30")
	load(t, m, `{"10.1.0.0/30":"100"}`)
	if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
		t.Fatal(err)
	}
	wantDump(t, m, map[string]string{"10.1.0.0/30": "100"})
	needPool(t, m, "10.1.0.0/30")
	if got, want := drainPool(t, m, pool.ID), []string{"10.1.0.2/30"}; !slices.Equal(got, want) {
		t.Errorf("after the pool was requested again: got %v, want %v", got, want)
	}
	// It holds in a pool of other width as well.
	if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
		t.Fatal(err)
	}
	wider := needPool(t, m, "10.1.0.0/16")
	if got, err := requestDynamic(m, wider.ID); err != nil || got.String() != "10.1.0.2/16" {
		t.Errorf("wider pool: got %s, %v, want 10.1.0.2/16", got, err)
	}
	wantDump(t, m, map[string]string{"10.1.0.0/30": "100", "10.1.0.0/16": bitsOf(1<<16-1, 1, 2)})
}

// TestReleaseReservation checks that what is released is given again, once.
func TestReleaseReservation(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/30")
	load(t, m, `{"10.1.0.0/30":"111"}`)
	address := netip.MustParseAddr("10.1.0.2")
	if err := m.Release(context.Background(), address, false); err != nil {
		t.Fatalf("Release: %v", err)
	}
	wantError(t, "Release again", m.Release(context.Background(), address, false), ipam.ErrNotReserved, "10.1.0.2")
	m = open(t, state, &fakeHost{})
	wantDump(t, m, map[string]string{"10.1.0.0/30": "101"})
	if got, want := drainPool(t, m, pool.ID), []string{"10.1.0.2/30"}; !slices.Equal(got, want) {
		t.Errorf("after the release: got %v, want %v", got, want)
	}
	// The broadcast address is never given, reserved or not.
	if err := m.Release(context.Background(), netip.MustParseAddr("10.1.0.3"), false); err != nil {
		t.Fatalf("Release of the broadcast address: %v", err)
	}
	if got := drainPool(t, m, pool.ID); len(got) != 0 {
		t.Errorf("the pool gives %v, want nothing", got)
	}
}

func TestReleaseRefused(t *testing.T) {
	networks := &fakeNetworks{networks: map[netip.Prefix]string{netip.MustParsePrefix("10.1.0.0/29"): "shop"}, endpoints: map[netip.Addr]string{}}
	m := open(t, newFakeState(), &fakeHost{}, func(config *ipam.Config) { config.Networks = networks })
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestGateway(m, pool.ID, "10.1.0.1"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"10.1.0.2", "10.1.0.3"} {
		if _, err := requestExplicit(m, pool.ID, a); err != nil {
			t.Fatal(err)
		}
	}
	networks.endpoints[netip.MustParseAddr("10.1.0.2")] = "endpoint web"
	release(t, m, pool.ID, "10.1.0.3")
	for _, test := range []struct {
		address string
		want    error
		parts   []string
	}{
		{"10.1.0.1", ipam.ErrLive, []string{"10.1.0.1", "10.1.0.0/29", "shop", "--force"}},
		{"10.1.0.2", ipam.ErrLive, []string{"10.1.0.2", "10.1.0.0/29", "endpoint web", "--force"}},
		{"10.1.0.3", ipam.ErrNotReserved, []string{"10.1.0.3"}}, // rests
		{"10.1.0.4", ipam.ErrNotReserved, []string{"10.1.0.4"}},
		{"10.1.0.0", ipam.ErrNotReserved, []string{"10.1.0.0"}},
		{"192.0.2.1", ipam.ErrNotReserved, []string{"192.0.2.1"}},
		{"2001:db8::1", ipam.ErrNotReserved, []string{"2001:db8::1"}},
	} {
		wantError(t, "Release "+test.address, m.Release(context.Background(), netip.MustParseAddr(test.address), false), test.want, test.parts...)
	}
	for _, a := range []string{"10.1.0.1", "10.1.0.2"} {
		_, err := requestExplicit(m, pool.ID, a)
		wantError(t, "the leased address "+a+" afterwards", err, ipam.ErrTaken)
	}
}

// TestLeasedAndReserved loads a file that names an address in use: it is free
// again only when both the lease and the reservation have ended.
func TestLeasedAndReserved(t *testing.T) {
	address := netip.MustParseAddr("10.1.0.1")
	for _, leaseFirst := range []bool{true, false} {
		m := newManager(t)
		pool := needPool(t, m, "10.1.0.0/29")
		if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); err != nil {
			t.Fatal(err)
		}
		load(t, m, `{"10.1.0.0/29":"1100000"}`)
		steps := []func() error{
			func() error { return m.ReleaseAddress(context.Background(), pool.ID, address) },
			func() error { return m.Release(context.Background(), address, false) },
		}
		wants := []error{ipam.ErrReserved, nil}
		if !leaseFirst {
			slices.Reverse(steps)
			wants[0] = ipam.ErrTaken
		}
		for i, step := range steps {
			if err := step(); err != nil {
				t.Fatalf("lease first %v, step %d: %v", leaseFirst, i, err)
			}
			_, err := requestExplicit(m, pool.ID, "10.1.0.1")
			if wants[i] == nil && err != nil {
				t.Errorf("lease first %v: with both ended the address is refused: %v", leaseFirst, err)
			} else if wants[i] != nil {
				wantError(t, "after one of the two ended", err, wants[i])
				if got := drainPool(t, m, pool.ID); slices.Contains(got, "10.1.0.1/29") {
					t.Errorf("lease first %v: after one of the two ended the address is given to the next who asks", leaseFirst)
				}
			}
		}
	}
}

// TestReleaseAddressKeepsReservation checks that the engine cannot end one.
func TestReleaseAddressKeepsReservation(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/30")
	load(t, m, `{"10.1.0.0/30":"100"}`)
	if err := m.ReleaseAddress(context.Background(), pool.ID, netip.MustParseAddr("10.1.0.1")); err != nil {
		t.Fatal(err)
	}
	_, err := requestExplicit(m, pool.ID, "10.1.0.1")
	wantError(t, "the reserved address", err, ipam.ErrReserved)
}
