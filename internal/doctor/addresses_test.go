package doctor

import (
	"context"
	"net/netip"
	"testing"

	"mybridge/internal/health"
	"mybridge/ipam"
)

// manager is an address manager with an address in use that is not leased.
type manager struct {
	found []ipam.Finding
	pools []ipam.PoolView
}

func (m *manager) Check(context.Context) ([]ipam.Finding, error) { return m.found, nil }

func (m *manager) LeaseInUse(_ context.Context, address netip.Addr) error {
	for i, f := range m.found {
		if f.Address == address {
			m.found[i].Kind = ipam.RequestedWithoutLink
		}
	}
	return nil
}

func (m *manager) Pools() []ipam.PoolView { return m.pools }

// leaving are addresses that go.
type leaving map[netip.Addr]bool

func (l leaving) Leaving(context.Context) (map[netip.Addr]bool, error) { return l, nil }

// TestAddresses wants what could be given twice told and mended, doubt told, and
// what only the engine can judge left to that, and what goes to its deletion.
func TestAddresses(t *testing.T) {
	pool := netip.MustParsePrefix("10.1.0.0/24")
	m := &manager{
		found: []ipam.Finding{
			{Kind: ipam.InUseWithoutLease, Pool: pool, Address: netip.MustParseAddr("10.1.0.2"), Who: "endpoint e1 on link mbv1"},
			{Kind: ipam.InUseWithoutLease, Pool: pool, Address: netip.MustParseAddr("10.1.0.4"), Who: "endpoint e2 on link mbv2"},
			{Kind: ipam.LeasedWithoutLink, Pool: pool, Address: netip.MustParseAddr("10.1.0.3")},
			{Kind: ipam.PoolWithoutNetwork, Pool: pool},
		},
		pools: []ipam.PoolView{{Subnet: pool, Doubt: "the state was lost"}, {}, {Doubt: "the state was lost"}},
	}
	unleased := "address 10.1.0.2 of pool 10.1.0.0/24 is in use without a lease, by endpoint e1 on link mbv1"
	doubt := "leases of 2 pools may be missing: the state was lost"
	want := func(what string, look func(context.Context) ([]health.Finding, error), want ...string) {
		t.Helper()
		found, err := look(t.Context())
		if err != nil || len(found) != len(want) {
			t.Fatalf("%s: found %+v, %v, want %q", what, found, err, want)
		}
		for i, f := range found {
			if f.String() != want[i] {
				t.Errorf("%s: found %q, want %q", what, f, want[i])
			}
		}
	}
	a := Addresses{m, leaving{netip.MustParseAddr("10.1.0.4"): true}}
	want("check", a.Check, doubt, unleased)
	want("mend", a.Mend, doubt, unleased)
	want("check again", a.Check, doubt)
	m.pools = nil
	want("no doubt", a.Check)
}
