package ipam_test

import (
	"context"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

func TestOverlap(t *testing.T) {
	tests := []struct{ name, there, asked string }{
		{"same", "10.1.0.0/16", "10.1.0.0/16"},
		{"narrower", "10.1.0.0/16", "10.1.2.0/24"},
		{"narrower at the start", "10.1.0.0/16", "10.1.0.0/24"},
		{"one address", "10.1.0.0/16", "10.1.255.255/32"},
		{"wider", "10.1.2.0/24", "10.1.0.0/16"},
		{"widest", "10.1.2.3/32", "10.0.0.0/8"},
		{"IPv6 narrower", "2001:db8::/32", "2001:db8:5::/64"},
		{"IPv6 wider", "2001:db8:5::/64", "2001:db8::/32"},
	}
	for _, test := range tests {
		for _, space := range []ipam.AddressSpace{ipam.LocalAddressSpace, ipam.GlobalAddressSpace} {
			t.Run(test.name+" "+string(space), func(t *testing.T) {
				m := newManager(t)
				pool := needPool(t, m, test.there)
				request := ipam.PoolRequest{Space: space, Subnet: netip.MustParsePrefix(test.asked)}
				_, err := m.RequestPool(context.Background(), request)
				wantError(t, "RequestPool "+test.asked, err, ipam.ErrOverlap, test.there, test.asked)
				if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
					t.Fatal(err)
				}
				if _, err := m.RequestPool(context.Background(), request); err != nil {
					t.Errorf("with %s released, RequestPool %s: %v", test.there, test.asked, err)
				}
			})
		}
	}
}

// TestOverlapNamesNetwork checks that one learns who has the other pool.
func TestOverlapNamesNetwork(t *testing.T) {
	networks := &fakeNetworks{networks: map[netip.Prefix]string{netip.MustParsePrefix("10.1.0.0/24"): "shop"}}
	m := open(t, newFakeState(), &fakeHost{}, func(config *ipam.Config) { config.Networks = networks })
	needPool(t, m, "10.1.0.0/24")
	needPool(t, m, "10.2.0.0/24") // by another driver's network
	for _, test := range []struct {
		asked string
		parts []string
	}{
		{"10.1.0.0/24", []string{"10.1.0.0/24", "network shop"}},
		{"10.1.0.128/25", []string{"10.1.0.128/25", "10.1.0.0/24", "network shop"}},
		{"10.1.0.0/16", []string{"10.1.0.0/16", "10.1.0.0/24", "network shop"}},
		{"10.2.0.7/32", []string{"10.2.0.7/32", "10.2.0.0/24", "no network of this driver"}},
	} {
		_, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix(test.asked)})
		wantError(t, "RequestPool "+test.asked, err, ipam.ErrOverlap, test.parts...)
	}
}

// TestNeighbours checks that subnets side by side do not disturb each other.
func TestNeighbours(t *testing.T) {
	m := newManager(t)
	for _, subnet := range []string{"10.1.0.0/24", "10.1.1.0/24", "10.0.0.0/16", "10.2.0.0/15", "2001:db8::/64", "2001:db8:0:1::/64"} {
		needPool(t, m, subnet)
	}
}

// TestReleasedPoolIsEmpty checks that a subnet given again starts afresh.
func TestReleasedPoolIsEmpty(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/29")
	drainPool(t, m, pool.ID)
	if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
		t.Fatal(err)
	}
	_, err := requestDynamic(m, pool.ID)
	wantError(t, "RequestAddress of the released pool", err, ipam.ErrUnknownPool, string(pool.ID))
	needPool(t, m, "10.1.0.0/29")
	if got := drainPool(t, m, pool.ID); len(got) != 6 {
		t.Errorf("the pool requested again gives %v, want 6 addresses", got)
	}
}
