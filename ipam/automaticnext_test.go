package ipam_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

// TestAutomaticPoolsFirstFree checks that a network that is made again gets the
// subnet that it had, unless the bridge of the one before is not gone yet.
func TestAutomaticPoolsFirstFree(t *testing.T) {
	lingering := &fakeNetworks{networks: map[netip.Prefix]string{}}
	m := openPools(t, newFakeState(), &fakeHost{}, "base=10.96.0.0/22,size=24")
	m.Networks = lingering
	releasePool := func(subnet string) {
		t.Helper()
		if err := m.ReleasePool(t.Context(), ipam.NewPoolID(ipam.LocalAddressSpace, netip.MustParsePrefix(subnet))); err != nil {
			t.Fatal(err)
		}
	}
	wantSubnets(t, "first", requestAutomatic(t, m, false, 2), "10.96.0.0/24", "10.96.1.0/24")
	releasePool("10.96.0.0/24")
	wantSubnets(t, "made again", requestAutomatic(t, m, false, 1), "10.96.0.0/24")
	releasePool("10.96.0.0/24")
	lingering.networks[netip.MustParsePrefix("10.96.0.0/24")] = "n1"
	wantSubnets(t, "with the bridge still there", requestAutomatic(t, m, false, 2), "10.96.2.0/24", "10.96.3.0/24")
	_, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
	wantError(t, "with all held", err, ipam.ErrNoPoolLeft, "10.96.0.0/22")
	clear(lingering.networks)
	wantSubnets(t, "with the bridge gone", requestAutomatic(t, m, false, 1), "10.96.0.0/24")
}

// TestAutomaticPoolRejected is the engine that does not like what it gets, and
// asks again before it gives the others back.
func TestAutomaticPoolRejected(t *testing.T) {
	state := newFakeState()
	m := openPools(t, state, &fakeHost{}, "base=10.96.0.0/20,size=24")
	seen := map[string]bool{}
	for _, subnet := range requestAutomatic(t, m, false, 16) {
		if seen[subnet] {
			t.Errorf("%s was given twice", subnet)
		}
		seen[subnet] = true
	}
	// Also by the next process.
	restarted := openPools(t, state, &fakeHost{}, "base=10.96.0.0/20,size=24")
	_, err := restarted.RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
	wantError(t, "after a restart", err, ipam.ErrNoPoolLeft)
}

// TestAutomaticPoolNotKept checks that a pool that could not be kept is not lost.
func TestAutomaticPoolNotKept(t *testing.T) {
	state := newFakeState()
	m := openPools(t, state, &fakeHost{}, "base=10.96.0.0/24,size=24")
	state.failNext(errInjected)
	_, err := m.RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
	wantError(t, "RequestPool with a full disk", err, errInjected, "10.96.0.0/24")
	wantSubnets(t, "then", requestAutomatic(t, m, false, 1), "10.96.0.0/24")
}

// TestAutomaticPoolsOfIPv6 checks the default: /64s of a /48 of unique local
// addresses, the same as long as the host's ID is, whatever the state.
func TestAutomaticPoolsOfIPv6(t *testing.T) {
	first := func(hostID string, secret byte) netip.Prefix {
		state := newFakeState()
		state.secret = append([]byte{secret}, state.secret[1:]...)
		m := open(t, state, &fakeHost{}, func(config *ipam.Config) { config.HostID = []byte(hostID) })
		return netip.MustParsePrefix(requestAutomatic(t, m, true, 1)[0])
	}
	subnet := first("a", 1)
	if local := netip.MustParsePrefix("fd00::/8"); !local.Contains(subnet.Addr()) || subnet.Bits() != 64 {
		t.Errorf("automatic IPv6 pool is %s, want a /64 of fd00::/8", subnet)
	}
	if got := first("a", 2); got != subnet {
		t.Errorf("with the same host and another state: got %s, want %s", got, subnet)
	}
	if got := first("b", 1); got == subnet {
		t.Errorf("another host has the same pool %s", got)
	}
	if one, other := first("", 1), first("", 2); one == other {
		t.Errorf("two hosts without an ID have the same pool %s", one)
	}
	if one, again := first("", 1), first("", 1); one != again {
		t.Errorf("one host without an ID: got %s, then %s", one, again)
	}
	m := newManager(t)
	given := requestAutomatic(t, m, true, 300)
	base, err := netip.MustParsePrefix(given[0]).Addr().Prefix(48)
	if err != nil {
		t.Fatal(err)
	}
	for n, s := range given {
		b := base.Addr().As16()
		b[6], b[7] = byte(n>>8), byte(n)
		if want := netip.PrefixFrom(netip.AddrFrom16(b), 64).String(); s != want {
			t.Errorf("automatic IPv6 pool %d is %s, want %s", n, s, want)
		}
	}
}

// TestLocalAddressPool pins the block of a host, which is to be the same in each
// later version, and checks that hosts do not share one.
func TestLocalAddressPool(t *testing.T) {
	if got, want := ipam.LocalAddressPool([]byte("host")).String(), "base=fd4d:da32:718e::/48,size=64"; got != want {
		t.Errorf("the block of a host is %s, want %s", got, want)
	}
	seen := map[netip.Prefix]int{}
	for host := range 2000 {
		base := ipam.LocalAddressPool([]byte{byte(host >> 8), byte(host)}).Base
		if other, twice := seen[base]; twice {
			t.Errorf("hosts %d and %d share block %s", other, host, base)
		}
		seen[base] = host
	}
}

// TestAutomaticPoolOfIPv6Skips checks that IPv6 pools avoid what the host uses.
func TestAutomaticPoolOfIPv6Skips(t *testing.T) {
	host := &fakeHost{used: prefixes("fd00:1::/64", "fd00:1:0:1::7/128", "10.0.0.0/8")}
	m := openPools(t, newFakeState(), host, "base=fd00:1::/48,size=64")
	needPool(t, m, "fd00:1:0:2::/63")
	if err := m.Reserve(t.Context(), netip.MustParseAddr("fd00:1:0:4::9"), "printer"); err != nil {
		t.Fatal(err)
	}
	wantSubnets(t, "IPv6", requestAutomatic(t, m, true, 1), "fd00:1:0:5::/64")
}

// TestAutomaticPoolsOfWideBase has a host that uses more subnets of a very wide
// base than can be tried one by one.
func TestAutomaticPoolsOfWideBase(t *testing.T) {
	for _, test := range []struct{ base, used, pool, want string }{
		{"base=10.0.0.0/8,size=30", "10.0.0.0/10", "", "10.64.0.0/30"},
		{"base=10.0.0.0/8,size=32", "172.16.0.0/12", "10.0.0.0/9", "10.128.0.0/32"},
		{"base=fd00::/16,size=64", "fd00::/17", "", "fd00:8000::/64"},
		{"base=fd00::/16,size=64", "fd00::/24", "fd00:100::/24", "fd00:200::/64"},
	} {
		m := openPools(t, newFakeState(), &fakeHost{used: prefixes(test.used)}, test.base)
		if test.pool != "" {
			needPool(t, m, test.pool)
		}
		ipv6 := netip.MustParsePrefix(test.want).Addr().Is6()
		pool, err := m.RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: ipv6})
		if err != nil || pool.Subnet.String() != test.want {
			t.Errorf("%s with %s used and pool %q: got %s, %v, want %s", test.base, test.used, test.pool, pool.Subnet, err, test.want)
		}
	}
}

// TestWideBaseUsedUp has a host that uses all of it.
func TestWideBaseUsedUp(t *testing.T) {
	m := openPools(t, newFakeState(), &fakeHost{used: prefixes("fd00::/16", "10.0.0.0/8")}, "base=fd00::/16,size=32", "base=10.0.0.0/8,size=24")
	for _, ipv6 := range []bool{true, false} {
		_, err := m.RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: ipv6})
		wantError(t, "RequestPool", err, ipam.ErrNoPoolLeft)
	}
}

// TestHostFails checks that no automatic pool is given blindly.
func TestHostFails(t *testing.T) {
	host := &fakeHost{err: errors.New("netlink is broken")}
	_, err := open(t, newFakeState(), host).RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: true})
	wantError(t, "automatic RequestPool", err, host.err)
}
