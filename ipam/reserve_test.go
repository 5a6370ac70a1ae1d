package ipam_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/ipam"
)

// TestReserve checks that what a person reserves is not given, in a pool that is
// there and in one that comes later, over a restart, until it is released.
func TestReserve(t *testing.T) {
	for _, poolFirst := range []bool{true, false} {
		state := newFakeState()
		m := open(t, state, &fakeHost{})
		address := netip.MustParseAddr("10.1.0.1")
		subnet := "10.1.0.1/32"
		if poolFirst {
			needPool(t, m, "10.1.0.0/30")
			subnet = "10.1.0.0/30"
		}
		if err := m.Reserve(context.Background(), address, "printer"); err != nil {
			t.Fatalf("Reserve: %v", err)
		}
		m = open(t, state, &fakeHost{})
		if got := m.Pools()[0]; got.Subnet.String() != subnet || got.Reserved != 1 {
			t.Errorf("pool first %v: it is shown as %+v, want under %s", poolFirst, got, subnet)
		}
		if !poolFirst {
			needPool(t, m, "10.1.0.0/30")
		}
		pool := ipam.NewPoolID(ipam.LocalAddressSpace, netip.MustParsePrefix("10.1.0.0/30"))
		if got := m.Pools(); len(got) != 1 || got[0].Reserved != 1 || got[0].Free != 1 {
			t.Errorf("pool first %v: got %+v, want one pool with one reserved and one free", poolFirst, got)
		}
		_, err := requestExplicit(m, pool, "10.1.0.1")
		wantError(t, "the reserved address", err, ipam.ErrReserved)
		if got, want := drainPool(t, m, pool), []string{"10.1.0.2/30"}; !slices.Equal(got, want) {
			t.Errorf("pool first %v: got %v, want %v", poolFirst, got, want)
		}
		if err := m.Release(context.Background(), address, false); err != nil {
			t.Fatalf("Release: %v", err)
		}
		m = open(t, state, &fakeHost{})
		if got, want := drainPool(t, m, pool), []string{"10.1.0.1/30"}; !slices.Equal(got, want) {
			t.Errorf("pool first %v, after the release: got %v, want %v", poolFirst, got, want)
		}
	}
}

// TestReserveInUse checks that a leased address stays reserved after its lease.
func TestReserveInUse(t *testing.T) {
	v := newViewed(t)
	v.reserve(t, "10.1.0.128", "later")
	if got := v.Pools()[0]; got.Used != 5 || got.Reserved != 4 || got.Free != 3 {
		t.Errorf("got %d used, %d reserved, %d free, want 5, 4 and 3 as before", got.Used, got.Reserved, got.Free)
	}
	wantExplained(t, v.Manager, "10.1.0.128", ipam.Held, false, "endpoint web", "reserved for later")
	delete(v.networks.endpoints, netip.MustParseAddr("10.1.0.128"))
	release(t, v.Manager, v.pool, "10.1.0.128")
	wantExplained(t, v.Manager, "10.1.0.128", ipam.Reserved, false, "reserved for later")
	if got := drainPool(t, v.Manager, v.pool); slices.Contains(got, "10.1.0.128/24") {
		t.Errorf("given are %v, with the reserved one", got)
	}
	if err := v.Release(context.Background(), netip.MustParseAddr("10.1.0.128"), false); err != nil {
		t.Fatal(err)
	}
	wantExplained(t, v.Manager, "10.1.0.128", ipam.Resting, true)
}

// TestReserveAgain checks that only the name changes.
func TestReserveAgain(t *testing.T) {
	v := newViewed(t)
	v.reserve(t, "10.1.0.134", "scanner")
	wantExplained(t, v.Manager, "10.1.0.134", ipam.Reserved, false, "for scanner since 2027")
	if got := v.Pools()[0].Reserved; got != 3 {
		t.Errorf("got %d reserved, want 3 as before", got)
	}
	m := open(t, v.state, v.host)
	wantExplained(t, m, "10.1.0.134", ipam.Reserved, false, "for scanner")
}

// TestReserveResting checks that a resting address counts as reserved alone.
func TestReserveResting(t *testing.T) {
	v := newViewed(t)
	v.reserve(t, "10.1.0.129", "")
	if got := v.Pools()[0]; got.Resting != 0 || got.Reserved != 4 || got.Free != 3 {
		t.Errorf("got %d resting, %d reserved, %d free, want 0, 4 and 3", got.Resting, got.Reserved, got.Free)
	}
	wantExplained(t, v.Manager, "10.1.0.129", ipam.Reserved, false, "reserved since")
}

// TestReserveFails checks that a reservation that is not kept holds nothing.
func TestReserveFails(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/30")
	broken := errors.New("disk is full")
	state.failNext(broken)
	wantError(t, "Reserve", m.Reserve(context.Background(), netip.MustParseAddr("10.1.0.1"), ""), broken, "10.1.0.1")
	if got := drainPool(t, m, pool.ID); len(got) != 2 {
		t.Errorf("given are %v, want both", got)
	}
}

func TestParseReservationName(t *testing.T) {
	for _, name := range []string{"", "printer", "Drucker im Büro 2", strings.Repeat("x", ipam.MaxName)} {
		if got, err := ipam.ParseReservationName("name", name); err != nil || got != name {
			t.Errorf("%q: got %q, %v, want it as it is", name, got, err)
		}
	}
	for name, part := range map[string]string{
		strings.Repeat("ü", 128): "allowed is 255", "a\nb": "printed", "a\x00": "printed", "\xff": "printed", "a\u202eb": "printed",
	} {
		if _, err := ipam.ParseReservationName("name", name); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: got error %v, want one with %q", name, err, part)
		}
	}
}

// TestReleaseLease checks which leases a person can end, and that the address
// rests then as after any lease.
func TestReleaseLease(t *testing.T) {
	v := newViewed(t)
	for address, forced := range map[string]bool{"10.1.0.1": true, "10.1.0.5": false, "10.1.0.128": true, "10.1.0.131": false} {
		a := netip.MustParseAddr(address)
		if forced {
			wantError(t, "Release "+address, v.Release(context.Background(), a, false), ipam.ErrLive, address, "in use", "--force")
		}
		if err := v.Release(context.Background(), a, forced); err != nil {
			t.Errorf("Release(%s), forced %v: %v", address, forced, err)
		}
		if got := v.Explain(a); got.State != ipam.Resting {
			t.Errorf("%s after the release: got %+v, want it to rest", address, got)
		}
		wantError(t, "Release "+address+" again", v.Release(context.Background(), a, true), ipam.ErrNotReserved, address)
	}
	if got := v.state.held(v.pool); got != 1 {
		t.Errorf("kept are %d leases, want that of 10.1.0.133 alone", got)
	}
	// With its network gone, nothing holds a gateway.
	delete(v.networks.networks, netip.MustParsePrefix("10.1.0.0/24"))
	v.request(t, ipam.AddressRequest{Address: netip.MustParseAddr("10.1.0.1"), Gateway: true})
	if err := v.Release(context.Background(), netip.MustParseAddr("10.1.0.1"), false); err != nil {
		t.Errorf("Release of the gateway of no network: %v", err)
	}
}

// TestReleaseEndsReservationFirst checks that an address that is reserved and
// leased loses one at a time.
func TestReleaseEndsReservationFirst(t *testing.T) {
	v := newViewed(t)
	a := netip.MustParseAddr("10.1.0.133")
	if err := v.Release(context.Background(), a, true); err != nil {
		t.Fatal(err)
	}
	wantExplained(t, v.Manager, "10.1.0.133", ipam.Held, false, "endpoint mail")
	wantError(t, "Release again", v.Release(context.Background(), a, false), ipam.ErrLive)
}

// TestDumpOfReservations checks that single addresses outside of pools are named
// as left out, and that the rest still reads.
func TestDumpOfReservations(t *testing.T) {
	m := newManager(t)
	needPool(t, m, "10.1.0.0/30")
	needPool(t, m, "11.0.0.0/8")
	for _, a := range []string{"10.1.0.2", "11.0.0.7", "192.0.2.7", "2001:db8::7"} {
		if err := m.Reserve(context.Background(), netip.MustParseAddr(a), ""); err != nil {
			t.Fatal(err)
		}
	}
	dumped, left := m.Dump()
	if want := prefixes("11.0.0.0/8", "192.0.2.7/32", "2001:db8::7/128"); !slices.Equal(left, want) {
		t.Errorf("left out are %v, want %v", left, want)
	}
	wantDump(t, m, map[string]string{"10.1.0.0/30": "010"})
	file, err := json.Marshal(dumped)
	if err != nil {
		t.Fatal(err)
	}
	second := newManager(t)
	load(t, second, string(file))
	wantDump(t, second, map[string]string{"10.1.0.0/30": "010"})
	// Without their pools, they are still under their subnets.
	if err := m.Reserve(context.Background(), netip.MustParseAddr("11.0.0.8"), ""); err != nil {
		t.Fatal(err)
	}
	for _, subnet := range prefixes("10.1.0.0/30", "11.0.0.0/8") {
		if err := m.ReleasePool(context.Background(), ipam.NewPoolID(ipam.LocalAddressSpace, subnet)); err != nil {
			t.Fatal(err)
		}
	}
	if _, again := m.Dump(); !slices.Equal(again, left) {
		t.Errorf("without pools, left out are %v, want %v as before", again, left)
	}
	wantDump(t, m, map[string]string{"10.1.0.0/30": "010"})
	// In a pool that came later it has its character.
	needPool(t, m, "192.0.2.0/29")
	wantDump(t, m, map[string]string{"10.1.0.0/30": "010", "192.0.2.0/29": "0000001"})
}
