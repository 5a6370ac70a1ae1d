package ipam_test

import (
	"context"
	"testing"

	"mybridge/ipam"
)

func TestExplicitAddress(t *testing.T) {
	tests := []struct {
		name, subnet, addressRange, address string
		want                                error
		part                                string
	}{
		{"inside", "192.168.0.0/24", "", "192.168.0.7", nil, ""},
		{"in the subnet, outside the range", "192.168.0.0/24", "192.168.0.64/26", "192.168.0.200", nil, ""},
		{"below the range", "192.168.0.0/24", "192.168.0.64/26", "192.168.0.1", nil, ""},
		{"network address", "192.168.0.0/24", "", "192.168.0.0", ipam.ErrOutOfPool, "network's own"},
		{"broadcast address", "192.168.0.0/24", "", "192.168.0.255", ipam.ErrOutOfPool, "broadcast"},
		{"broadcast address outside the range", "192.168.0.0/24", "192.168.0.64/26", "192.168.0.255", ipam.ErrOutOfPool, "broadcast"},
		{"end of the range", "192.168.0.0/24", "192.168.0.64/26", "192.168.0.127", nil, ""},
		{"above", "192.168.0.0/24", "", "192.168.1.1", ipam.ErrOutOfPool, "outside"},
		{"below", "192.168.0.0/24", "", "192.167.255.255", ipam.ErrOutOfPool, "outside"},
		{"of the other family", "192.168.0.0/24", "", "2001:db8::1", ipam.ErrOutOfPool, "outside"},
		{"IPv4 as IPv6", "192.168.0.0/24", "", "::ffff:192.168.0.7", ipam.ErrOutOfPool, "outside"},
		{"/31 first", "192.168.0.0/31", "", "192.168.0.0", nil, ""},
		{"/31 last", "192.168.0.0/31", "", "192.168.0.1", nil, ""},
		{"/32", "192.168.0.4/32", "", "192.168.0.4", nil, ""},
		{"/8 last", "10.0.0.0/8", "", "10.255.255.254", nil, ""},
		{"/8 broadcast", "10.0.0.0/8", "", "10.255.255.255", ipam.ErrOutOfPool, "broadcast"},
		{"/64 near", "2001:db8::/64", "", "2001:db8::5", nil, ""},
		{"/64 beyond the bitmap", "2001:db8::/64", "", "2001:db8::ffff:ffff:ffff:ffff", nil, ""},
		{"/64 below its range", "2001:db8::/64", "2001:db8::8000:0:0:0/80", "2001:db8::1", nil, ""},
		{"/64 anycast address", "2001:db8::/64", "", "2001:db8::", ipam.ErrOutOfPool, "network's own"},
		{"/16 more than 2^64 in", "2001::/16", "", "2001:ffff::1", nil, ""},
		{"/127 first", "2001:db8::/127", "", "2001:db8::", nil, ""},
		{"/127 last", "2001:db8::/127", "", "2001:db8::1", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			state := newFakeState()
			m := open(t, state, &fakeHost{})
			pool := needPool(t, m, test.subnet, test.addressRange)
			got, err := requestExplicit(m, pool.ID, test.address)
			if test.want != nil {
				wantError(t, "RequestAddress "+test.address, err, test.want, test.part, test.address, test.subnet)
				return
			}
			if err != nil || got.Addr().String() != test.address || got.Bits() != pool.Subnet.Bits() {
				t.Fatalf("RequestAddress %s = %s, %v, want it with /%d", test.address, got, err, pool.Subnet.Bits())
			}
			_, err = requestExplicit(m, pool.ID, test.address)
			wantError(t, "the same again", err, ipam.ErrTaken, test.address)
			restarted := open(t, state, &fakeHost{})
			_, err = requestExplicit(restarted, pool.ID, test.address)
			wantError(t, "the same after a restart", err, ipam.ErrTaken, test.address)
			if err := restarted.ReleaseAddress(context.Background(), pool.ID, got.Addr()); err != nil {
				t.Fatalf("ReleaseAddress: %v", err)
			}
			if _, err := requestExplicit(restarted, pool.ID, test.address); err != nil {
				t.Errorf("after its release the address is refused: %v", err)
			}
		})
	}
}

// TestExplicitIsSkipped checks that dynamic addresses go around the others.
func TestExplicitIsSkipped(t *testing.T) {
	for _, subnet := range []string{"192.168.0.0/24", "10.0.0.0/8", "2001:db8::/104"} {
		m := newManager(t)
		pool := needPool(t, m, subnet)
		first := pool.Subnet.Addr().Next()
		if _, err := requestExplicit(m, pool.ID, first.String()); err != nil {
			t.Fatal(err)
		}
		if got, err := requestDynamic(m, pool.ID); err != nil || got.Addr() != first.Next() {
			t.Errorf("pool %s with %s taken gives %s, %v, want %s", subnet, first, got, err, first.Next())
		}
	}
}

func TestUnknownPool(t *testing.T) {
	m := newManager(t)
	const id = "mybridge-local/192.0.2.0/24"
	_, err := requestDynamic(m, id)
	wantError(t, "RequestAddress", err, ipam.ErrUnknownPool, id)
	_, err = requestExplicit(m, id, "192.0.2.1")
	wantError(t, "RequestAddress of an address", err, ipam.ErrUnknownPool, id)
	_, err = requestGateway(m, id, "")
	wantError(t, "RequestAddress of a gateway", err, ipam.ErrUnknownPool, id)
	if err := m.ReleaseAddress(context.Background(), id, prefixes("192.0.2.1/32")[0].Addr()); err != nil {
		t.Errorf("ReleaseAddress in an unknown pool: got error %v, want none", err)
	}
	if err := m.ReleasePool(context.Background(), id); err != nil {
		t.Errorf("ReleasePool of an unknown pool: got error %v, want none", err)
	}
}
