package ipam_test

import (
	"context"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

// TestCostOfAddressIsFlat guards what an address costs but for the disk: as much in a
// pool that is nearly full as in an empty one, and no more than today. Allocations are
// counted, as times are not the same twice.
func TestCostOfAddressIsFlat(t *testing.T) {
	empty, full := allocationsOfAddress(t, 10), allocationsOfAddress(t, 60000)
	t.Logf("allocations of an address given and released: %.0f in an empty /16, %.0f in a full one", empty, full)
	const most = 5
	if full > empty+5 || empty > most {
		t.Errorf("an address allocates %.0f times in an empty /16, %.0f times in a full one; once it was less than %d in both", empty, full, most)
	}
}

func allocationsOfAddress(t *testing.T, leases int) float64 {
	t.Helper()
	m := newManager(t)
	ctx := context.Background()
	pool := needPool(t, m, "10.1.0.0/16").ID
	for range leases {
		if _, err := m.RequestAddress(ctx, ipam.AddressRequest{Pool: pool}); err != nil {
			t.Fatal(err)
		}
	}
	return testing.AllocsPerRun(100, func() {
		given, err := m.RequestAddress(ctx, ipam.AddressRequest{Pool: pool})
		if err == nil {
			err = m.ReleaseAddress(ctx, pool, given.Addr())
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestCostOfPoolIsFlat guards what an automatic pool costs beside others, in what is
// allocated for it.
func TestCostOfPoolIsFlat(t *testing.T) {
	few, many := allocationsOfPool(t, 10), allocationsOfPool(t, 1000)
	t.Logf("allocations of a pool given and released: %.0f beside 10, %.0f beside 1,000", few, many)
	if many > few+20 {
		t.Errorf("a pool allocates %.0f times beside 10 others, %.0f times beside 1,000", few, many)
	}
}

func allocationsOfPool(t *testing.T, pools int) float64 {
	t.Helper()
	m := open(t, newFakeState(), &fakeHost{used: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	ctx := context.Background()
	request := ipam.PoolRequest{Space: ipam.LocalAddressSpace}
	for range pools {
		if _, err := m.RequestPool(ctx, request); err != nil {
			t.Fatal(err)
		}
	}
	return testing.AllocsPerRun(100, func() {
		given, err := m.RequestPool(ctx, request)
		if err == nil {
			err = m.ReleasePool(ctx, given.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}
