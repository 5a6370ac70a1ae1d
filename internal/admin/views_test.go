package admin_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"mybridge/internal/admin"
	"mybridge/ipam"
)

// viewed is an address manager with one of everything.
func viewed() *fakeAddresses {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	subnet, address := netip.MustParsePrefix("10.0.0.0/24"), netip.MustParseAddr("10.0.0.7")
	pool := ipam.PoolView{
		ID: "mybridge-local/10.0.0.0/24", Subnet: subnet, Network: "shop", Range: netip.MustParsePrefix("10.0.0.0/25"),
		Since: at, Used: 1, Free: ipam.MostFree, Resting: 2, Reserved: 3, Doubt: "the disk was lost",
	}
	return &fakeAddresses{
		pools: []ipam.PoolView{pool, {Subnet: netip.MustParsePrefix("192.0.2.7/32"), Reserved: 1}},
		details: ipam.PoolDetails{PoolView: pool, Addresses: []ipam.AddressView{
			{Address: address, State: ipam.Resting, Kind: "dynamic", Asked: true, Reserved: true, Endpoint: "endpoint web", Name: "web", Since: at, RestsUntil: at.Add(time.Minute)},
			{Address: address.Next(), State: ipam.Reserved, Reserved: true},
		}},
		explanation: ipam.Explanation{Address: address, Pool: subnet, State: ipam.Held, Given: true, Reason: "It is “held”."},
		found: []ipam.Finding{
			{Kind: ipam.LeasedWithoutLink, Difference: true, Pool: subnet, Address: address, Who: "web", Since: at},
			{Kind: ipam.PoolWithoutNetwork, Pool: subnet, Leases: 4},
		},
	}
}

// TestViews checks that all of a view arrives as it is.
func TestViews(t *testing.T) {
	addresses := viewed()
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses})))
	if got, err := client.Pools(t.Context()); err != nil || !reflect.DeepEqual(got, addresses.pools) {
		t.Errorf("Pools:\n got %+v, %v\nwant %+v", got, err, addresses.pools)
	}
	if got, err := client.Pool(t.Context(), netip.MustParsePrefix("10.0.0.0/24")); err != nil || !reflect.DeepEqual(got, addresses.details) {
		t.Errorf("Pool:\n got %+v, %v\nwant %+v", got, err, addresses.details)
	}
	if got, err := client.Explain(t.Context(), netip.MustParseAddr("10.0.0.7")); err != nil || got != addresses.explanation {
		t.Errorf("Explain:\n got %+v, %v\nwant %+v", got, err, addresses.explanation)
	}
	if got, err := client.Check(t.Context()); err != nil || !reflect.DeepEqual(got, addresses.found) {
		t.Errorf("Check:\n got %+v, %v\nwant %+v", got, err, addresses.found)
	}
}

// TestViewsOfNothing checks that nothing is no error.
func TestViewsOfNothing(t *testing.T) {
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: &fakeAddresses{}})))
	if got, err := client.Pools(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Pools: got %v, %v, want nothing", got, err)
	}
	if got, err := client.Check(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Check: got %v, %v, want nothing", got, err)
	}
}

// TestAsked checks which address and pool the plugin is asked for.
func TestAsked(t *testing.T) {
	addresses := &fakeAddresses{}
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses})))
	var failures []error
	for _, subnet := range prefixes("10.0.0.0/24", "2001:db8::/64", "10.0.0.7/32", "2001:db8::7/128", "224.0.0.1/32") {
		failures = append(failures, second(client.Pool(t.Context(), subnet)))
	}
	for _, a := range []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("2001:db8::7")} {
		failures = append(failures,
			second(client.Explain(t.Context(), a)),
			client.Reserve(t.Context(), a, `Büro / "2" & <3>?`),
			client.Release(t.Context(), a, false),
			client.Release(t.Context(), a, true))
	}
	for i, err := range failures {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	want := []string{
		"pool 10.0.0.0/24", "pool 2001:db8::/64", "pool 10.0.0.7/32", "pool 2001:db8::7/128", "pool 224.0.0.1/32",
		"explain 10.0.0.7", `reserve 10.0.0.7 "Büro / \"2\" & <3>?"`, "release 10.0.0.7 false", "release 10.0.0.7 true",
		"explain 2001:db8::7", `reserve 2001:db8::7 "Büro / \"2\" & <3>?"`, "release 2001:db8::7 false", "release 2001:db8::7 true",
	}
	if !slices.Equal(addresses.asked, want) {
		t.Errorf("asked is %q, want %q", addresses.asked, want)
	}
}

// TestReserveChecks checks that the plugin takes no name that cannot be shown,
// whoever sends it.
func TestReserveChecks(t *testing.T) {
	addresses := &fakeAddresses{}
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses})))
	if err := client.Reserve(t.Context(), netip.MustParseAddr("10.0.0.7"), "a\nb"); err == nil {
		t.Error("Reserve of a name with a line's end: got no error")
	}
	if len(addresses.asked) != 0 {
		t.Errorf("asked is %q, want nothing", addresses.asked)
	}
}
