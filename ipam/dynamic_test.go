package ipam_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// hosts lists the addresses with the last numbers from to to.
func hosts(format string, from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprintf(format, n))
	}
	return list
}

// TestWholeRange checks all that a pool gives until it is exhausted.
func TestWholeRange(t *testing.T) {
	tests := []struct {
		name, subnet, addressRange string
		want                       []string
	}{
		{"/24", "192.168.0.0/24", "", hosts("192.168.0.%d/24", 1, 254)},
		{"/30", "192.168.0.4/30", "", hosts("192.168.0.%d/30", 5, 6)},
		{"/31", "192.168.0.4/31", "", hosts("192.168.0.%d/31", 4, 5)},
		{"/32", "192.168.0.4/32", "", hosts("192.168.0.%d/32", 4, 4)},
		{"middle range", "192.168.0.0/24", "192.168.0.64/26", hosts("192.168.0.%d/24", 64, 127)},
		{"first range", "192.168.0.0/24", "192.168.0.0/30", hosts("192.168.0.%d/24", 1, 3)},
		{"last range", "192.168.0.0/24", "192.168.0.252/30", hosts("192.168.0.%d/24", 252, 254)},
		{"range of one", "192.168.0.0/24", "192.168.0.9/32", hosts("192.168.0.%d/24", 9, 9)},
		{"range of the network address", "192.168.0.0/24", "192.168.0.0/32", nil},
		{"range of the broadcast address", "192.168.0.0/24", "192.168.0.255/32", nil},
		{"range is the subnet", "192.168.0.0/29", "192.168.0.0/29", hosts("192.168.0.%d/29", 1, 6)},
		{"/8 with a range far in", "10.0.0.0/8", "10.255.255.252/30", hosts("10.255.255.%d/8", 252, 254)},
		{"/127", "2001:db8::/127", "", hosts("2001:db8::%d/127", 0, 1)},
		{"/126", "2001:db8::/126", "", hosts("2001:db8::%d/126", 1, 3)},
		{"/128", "2001:db8::5/128", "", hosts("2001:db8::%d/128", 5, 5)},
		{"/64 with a range far in", "2001:db8::/64", "2001:db8::8000:0:0:0/126", hosts("2001:db8::8000:0:0:%d/64", 0, 3)},
		{"/64 with the first range", "2001:db8::/64", "2001:db8::/126", hosts("2001:db8::%d/64", 1, 3)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newManager(t)
			pool := needPool(t, m, test.subnet, test.addressRange)
			got := drainPool(t, m, pool.ID)
			slices.Sort(got)
			want := slices.Sorted(slices.Values(normal(test.want)))
			if !slices.Equal(got, want) {
				t.Errorf("pool %s with range %q gives\n got %v\nwant %v", test.subnet, test.addressRange, got, want)
			}
		})
	}
}

// TestWidePools checks the first dynamic addresses where the whole is too much
// to drain: one after the other wherever a bitmap covers the range.
func TestWidePools(t *testing.T) {
	for _, test := range []struct {
		subnet, addressRange string
		want                 []string
	}{
		{"10.0.0.0/8", "", []string{"10.0.0.1/8", "10.0.0.2/8"}},
		{"10.0.0.0/8", "10.128.0.0/9", []string{"10.128.0.0/8", "10.128.0.1/8"}},
		{"2001:db8::/104", "", []string{"2001:db8::1/104", "2001:db8::2/104"}},
		{"2001:db8::/64", "2001:db8::7:0:0/104", []string{"2001:db8::7:0:0/64", "2001:db8::7:0:1/64"}},
	} {
		m := newManager(t)
		pool := needPool(t, m, test.subnet, test.addressRange)
		for _, want := range test.want {
			if got, err := requestDynamic(m, pool.ID); err != nil || got.String() != want {
				t.Errorf("pool %s with range %q: got %s, %v, want %s", test.subnet, test.addressRange, got, err, want)
			}
		}
	}
}

// TestReleasedAddressRests checks that an address just given back is not the
// next one given, and that it is given once the others are.
func TestReleasedAddressRests(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "192.168.0.0/29")
	first, err := requestDynamic(m, pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.ReleaseAddress(context.Background(), pool.ID, first.Addr()); err != nil {
		t.Fatal(err)
	}
	got := drainPool(t, m, pool.ID)
	want := append(hosts("192.168.0.%d/29", 2, 6), first.String())
	if !slices.Equal(got, want) {
		t.Errorf("after %s was released: got %v, want %v", first, got, want)
	}
}

// TestEndedOutsideOfRange checks that an address from outside the range, which
// somebody asked for and gave back, is not given to who asks for any.
func TestEndedOutsideOfRange(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "192.168.0.0/24", "192.168.0.64/31")
	if _, err := requestGateway(m, pool.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := requestExplicit(m, pool.ID, "192.168.0.200"); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, "192.168.0.1", "192.168.0.200")
	if got, want := drainPool(t, m, pool.ID), hosts("192.168.0.%d/24", 64, 65); !slices.Equal(got, want) {
		t.Errorf("the pool gives %v, want %v", got, want)
	}
}

// TestOneAddressLeft frees one address of a full pool: it is found.
func TestOneAddressLeft(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "192.168.0.0/24")
	given := drainPool(t, m, pool.ID)
	for _, address := range []string{given[0], given[99], given[len(given)-1]} {
		if err := m.ReleaseAddress(context.Background(), pool.ID, prefixes(address)[0].Addr()); err != nil {
			t.Fatal(err)
		}
		if got := drainPool(t, m, pool.ID); !slices.Equal(got, []string{address}) {
			t.Errorf("with only %s free the pool gives %v", address, got)
		}
	}
}

// normal writes the prefixes in their usual form.
func normal(list []string) []string {
	var out []string
	for _, p := range prefixes(list...) {
		out = append(out, p.String())
	}
	return out
}
