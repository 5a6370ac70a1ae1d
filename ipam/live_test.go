package ipam_test

import (
	"context"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

// TestLiveAddressIsNotReleased releases an address that an endpoint has: the
// protocol does not say whose lease is meant, so it stays.
func TestLiveAddressIsNotReleased(t *testing.T) {
	state := newFakeState()
	address := netip.MustParseAddr("10.1.0.1")
	networks := &fakeNetworks{endpoints: map[netip.Addr]string{address: "endpoint web of network shop"}}
	m := open(t, state, &fakeHost{}, func(config *ipam.Config) { config.Networks = networks })
	pool := needPool(t, m, "10.1.0.0/30")
	if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := m.ReleaseAddress(context.Background(), pool.ID, address)
		wantError(t, "ReleaseAddress of a live address", err, ipam.ErrLive, "10.1.0.1", "10.1.0.0/30", "endpoint web of network shop")
		if lease := state.leases[pool.ID][address]; !lease.Ended.IsZero() || lease.Kind != ipam.Requested {
			t.Errorf("the lease is %+v, want it held", lease)
		}
		_, err = requestExplicit(m, pool.ID, "10.1.0.1")
		wantError(t, "the live address", err, ipam.ErrTaken, "10.1.0.1")
	}
	networks.endpoints = nil
	release(t, m, pool.ID, "10.1.0.1")
	if lease := state.leases[pool.ID][address]; lease.Ended.IsZero() {
		t.Errorf("with its endpoint gone the lease is %+v, want it ended", lease)
	}
	if _, err := requestExplicit(m, pool.ID, "10.1.0.1"); err != nil {
		t.Errorf("with its endpoint gone the address is refused: %v", err)
	}
}

// TestReleaseOfUnknown releases what is not leased: nothing happens.
func TestReleaseOfUnknown(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	if _, err := requestExplicit(m, pool.ID, "10.1.0.2"); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, "10.1.0.0", "10.1.0.1", "10.1.0.7", "192.0.2.1", "2001:db8::1")
	release(t, m, pool.ID, "10.1.0.2", "10.1.0.2") // the second is of nobody any more
	if got := len(state.leases[pool.ID]); got != 1 {
		t.Errorf("%d leases are kept, want that of 10.1.0.2", got)
	}
	if got := len(drainPool(t, m, pool.ID)); got != 6 {
		t.Errorf("the pool gives %d addresses, want 6", got)
	}
}

// TestAddressWithoutEndpoint is the engine that fails between the two: it only
// releases the address.
func TestAddressWithoutEndpoint(t *testing.T) {
	for _, explicit := range []string{"", "10.1.0.2"} {
		m := newManager(t)
		pool := needPool(t, m, "10.1.0.0/29")
		for range 20 { // more often than there are addresses
			request := ipam.AddressRequest{Pool: pool.ID, Name: "web"}
			if explicit != "" {
				request.Address = netip.MustParseAddr(explicit)
			}
			got, err := m.RequestAddress(context.Background(), request)
			if err != nil {
				t.Fatalf("with --ip %q: %v", explicit, err)
			}
			release(t, m, pool.ID, got.Addr().String())
		}
		if got := len(drainPool(t, m, pool.ID)); got != 6 {
			t.Errorf("after that the pool gives %d addresses, want 6", got)
		}
	}
}

// TestRetriedRequest asks for the same address twice, as somebody does whose
// first answer was lost.
func TestRetriedRequest(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/29")
	request := ipam.AddressRequest{Pool: pool.ID, Address: netip.MustParseAddr("10.1.0.2"), Name: "web"}
	if _, err := m.RequestAddress(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	_, err := m.RequestAddress(context.Background(), request)
	wantError(t, "the same request again", err, ipam.ErrTaken, "10.1.0.2")
	release(t, m, pool.ID, "10.1.0.2")
	if _, err := m.RequestAddress(context.Background(), request); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

// TestFailedNetworkLeaksNothing is the engine that could not make a network: it
// releases the pool, and none of the addresses in it.
func TestFailedNetworkLeaksNothing(t *testing.T) {
	for name, fail := range map[string]func(m *ipam.Manager, state *fakeState, pool ipam.PoolID) (error, error){
		"the gateway could not be kept": func(m *ipam.Manager, state *fakeState, pool ipam.PoolID) (error, error) {
			state.failNext(errInjected)
			_, err := requestGateway(m, pool, "10.1.0.1")
			return err, errInjected
		},
		"the gateway lies outside": func(m *ipam.Manager, _ *fakeState, pool ipam.PoolID) (error, error) {
			_, err := requestGateway(m, pool, "10.2.0.1")
			return err, ipam.ErrOutOfPool
		},
		"an auxiliary address is the gateway": func(m *ipam.Manager, _ *fakeState, pool ipam.PoolID) (error, error) {
			_, _ = requestGateway(m, pool, "10.1.0.1")
			_, _ = requestExplicit(m, pool, "10.1.0.5")
			_, err := requestExplicit(m, pool, "10.1.0.1")
			return err, ipam.ErrTaken
		},
		"an auxiliary address could not be kept": func(m *ipam.Manager, state *fakeState, pool ipam.PoolID) (error, error) {
			_, _ = requestGateway(m, pool, "")
			_, _ = requestExplicit(m, pool, "10.1.0.5")
			state.failNext(errInjected)
			_, err := requestExplicit(m, pool, "10.1.0.6")
			return err, errInjected
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := newFakeState()
			m := open(t, state, &fakeHost{})
			pool := needPool(t, m, "10.1.0.0/29")
			got, want := fail(m, state, pool.ID)
			wantError(t, "RequestAddress", got, want)
			if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
				t.Fatal(err)
			}
			if len(state.pools) != 0 || len(state.leases[pool.ID]) != 0 {
				t.Errorf("kept are pools %v and leases %v, want none", state.pools, state.leases[pool.ID])
			}
			needPool(t, m, "10.1.0.0/29")
			if got, want := len(drainPool(t, m, pool.ID)), 6; got != want {
				t.Errorf("the pool requested again gives %d addresses, want %d", got, want)
			}
		})
	}
}

// TestPastDeadline has requests that are committed after their deadline: the
// engine was told that they failed, and releases nothing.
func TestPastDeadline(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/29")
	for _, request := range []ipam.AddressRequest{
		{}, {Gateway: true}, {Address: netip.MustParseAddr("10.1.0.5")}, {Address: netip.MustParseAddr("10.1.0.6"), Gateway: true},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		request.Pool = pool.ID
		_, err := m.RequestAddress(ctx, request)
		wantError(t, "RequestAddress past the deadline", err, context.Canceled)
		if held := state.held(pool.ID); held != 0 {
			t.Errorf("after %+v, %d leases are held, want none", request, held)
		}
	}
	if got := len(drainPool(t, m, pool.ID)); got != 6 {
		t.Errorf("after that the pool gives %d addresses, want 6", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := m.RequestPool(ctx, ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix("10.2.0.0/24")})
	wantError(t, "RequestPool past the deadline", err, context.Canceled)
	if got := len(state.pools); got != 1 {
		t.Errorf("%d pools are kept, want the first alone", got)
	}
	needPool(t, m, "10.2.0.0/24")
}
