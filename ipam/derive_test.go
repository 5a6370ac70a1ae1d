package ipam_test

import (
	"fmt"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

// TestDerivedAddresses pins them: they are to be the same in each later version.
// The last two names are of those few whose first try is a host number that is
// reserved: the subnet's last and its first.
func TestDerivedAddresses(t *testing.T) {
	for _, test := range []struct{ subnet, addressRange, name, want string }{
		{"2001:db8::/64", "", "web", "2001:db8::9c3a:a44d:46b8:b560"},
		{"2001:db8::/64", "", "db", "2001:db8::717b:e0d3:89a:dbe1"},
		{"2001:db8:0:1::/64", "", "web", "2001:db8:0:1:bb21:e88d:a68e:af8a"},
		{"2001:db8::/48", "", "web", "2001:db8:0:4e3:3ef1:42f1:66:5984"},
		{"2001:db8::/64", "2001:db8::1:0:0/96", "web", "2001:db8::1:33ef:6233"},
		{"2001:db8::/103", "", "web", "2001:db8::17:a126"},
		{"2001::/16", "", "web", "2001:4cda:fb11:2a9c:7e52:d1b0:25f:27bf"},
		{"2001:db8::/64", "2001:db8::ffff:ffff:fe00:0/103", "c77221", "2001:db8::ffff:ffff:fe5a:4d97"},
		{"2001:db8::/64", "2001:db8::/103", "c40354323", "2001:db8::10e:e6ae"},
	} {
		m := newManager(t)
		pool := needPool(t, m, test.subnet, test.addressRange)
		for range 2 {
			got, err := requestNamed(m, pool.ID, test.name)
			if err != nil || got.Addr().String() != test.want || got.Bits() != pool.Subnet.Bits() {
				t.Errorf("address of %s in %s with range %q: got %s, %v, want %s", test.name, test.subnet, test.addressRange, got, err, test.want)
			}
			// The same after the pool was released, when nothing is remembered.
			if err := m.ReleasePool(t.Context(), pool.ID); err != nil {
				t.Fatal(err)
			}
			needPool(t, m, test.subnet, test.addressRange)
		}
	}
}

// TestDerivedAddressOfAnotherHost checks that the secret is part of it.
func TestDerivedAddressOfAnotherHost(t *testing.T) {
	seen := map[netip.Prefix]byte{}
	for host := range byte(20) {
		state := newFakeState()
		state.secret = append([]byte{host}, state.secret[1:]...)
		m := open(t, state, &fakeHost{})
		got, err := requestNamed(m, needPool(t, m, "2001:db8::/64").ID, "web")
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("hosts %d and %d both derive %s", other, host, got)
		}
		seen[got] = host
	}
}

// TestDerivedAddressIsTaken checks that a name whose address another has gets
// one more of its own, the same each time.
func TestDerivedAddressIsTaken(t *testing.T) {
	const subnet = "2001:db8::/64"
	var first, second string
	for range 2 {
		m := newManager(t)
		pool := needPool(t, m, subnet)
		for i, want := range []*string{&first, &second} {
			got, err := requestNamed(m, pool.ID, "web")
			if err != nil {
				t.Fatal(err)
			}
			if *want == "" {
				*want = got.String()
			}
			if got.String() != *want {
				t.Errorf("address %d of web is %s, want %s as before", i+1, got, *want)
			}
		}
		if first == second {
			t.Errorf("%s was given twice", first)
		}
	}
	// Reserved is as good as taken.
	m := newManager(t)
	if err := m.Reserve(t.Context(), netip.MustParsePrefix(first).Addr(), ""); err != nil {
		t.Fatal(err)
	}
	if got, err := requestNamed(m, needPool(t, m, subnet).ID, "web"); err != nil || got.String() != second {
		t.Errorf("with %s reserved, the address of web is %s, %v, want %s", first, got, err, second)
	}
}

// TestManyDerivedAddresses checks many of them: no two are the same, each lies in
// the range and none is a host number that is reserved.
func TestManyDerivedAddresses(t *testing.T) {
	for _, test := range []struct{ subnet, addressRange string }{
		{"2001:db8::/64", ""},
		{"2001:db8::/103", ""},
		{"2001::/16", ""},
		{"2001:db8::/32", "2001:db8:ffff:ffff::/64"},
		{"2001:db8::/64", "2001:db8::ffff:ffff:fe00:0/103"},
	} {
		m := newManager(t)
		pool := needPool(t, m, test.subnet, test.addressRange)
		seen := map[netip.Prefix]bool{}
		for n := range 2000 {
			name := ""
			if n%2 == 0 {
				name = fmt.Sprint("c", n)
			}
			got, err := requestNamed(m, pool.ID, name)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case seen[got]:
				t.Errorf("pool %s gave %s twice", test.subnet, got)
			case !pool.Range.Contains(got.Addr()) || got.Bits() != pool.Subnet.Bits():
				t.Errorf("pool %s gave %s, want an address of %s", test.subnet, got, pool.Range)
			case isReservedHost(pool.Subnet, got.Addr()):
				t.Errorf("pool %s gave %s, a reserved host number", test.subnet, got)
			}
			seen[got] = true
		}
	}
}

// TestReleasedDerivedAddress checks that an address that somebody had is not
// derived for another: there are always fresh ones.
func TestReleasedDerivedAddress(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "2001:db8::/64")
	web, err := requestNamed(m, pool.ID, "web")
	if err != nil {
		t.Fatal(err)
	}
	request := ipam.AddressRequest{Pool: pool.ID, Address: web.Addr(), Name: "db"}
	release(t, m, pool.ID, web.Addr().String())
	if _, err := m.RequestAddress(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	release(t, m, pool.ID, web.Addr().String())
	if got, err := requestNamed(m, pool.ID, "web"); err != nil || got == web {
		t.Errorf("address of web is %s, %v, want another than %s, which db had since", got, err, web)
	}
	wantNamed(t, m, pool.ID, "db", web.Addr().String())
}

// isReservedHost reports whether a is the subnet's first address or one of its
// last 128 (RFC 4291, RFC 2526).
func isReservedHost(subnet netip.Prefix, a netip.Addr) bool {
	for range 128 {
		a = a.Next()
		if !subnet.Contains(a) {
			return true
		}
	}
	// 128 addresses further on is still in the subnet.
	for range 128 {
		a = a.Prev()
	}
	return a == subnet.Addr()
}
