package ipam_test

import (
	"context"
	"errors"
	"testing"

	"mybridge/ipam"
)

func TestAutomaticPool(t *testing.T) {
	tests := []struct {
		name     string
		used     []string
		pools    []string
		reserved string
		want     string
	}{
		{name: "nothing in the way", want: "10.96.0.0/24"},
		{name: "used subnet", used: []string{"10.96.0.0/24"}, want: "10.96.1.0/24"},
		{name: "used address", used: []string{"10.96.0.77/32"}, want: "10.96.1.0/24"},
		{name: "used wider subnet", used: []string{"10.96.0.0/16"}, want: "10.97.0.0/24"},
		{name: "used subnets", used: []string{"10.96.0.0/25", "10.96.1.128/25", "192.168.0.0/16", "fe80::/64"}, want: "10.96.2.0/24"},
		{name: "pools", pools: []string{"10.96.0.0/23", "10.96.2.8/29"}, want: "10.96.3.0/24"},
		{name: "reservations", reserved: `{"10.96.0.0/30":"100"}`, want: "10.96.1.0/24"},
		{name: "all but the last used", used: []string{
			"10.96.0.0/13", "10.104.0.0/14", "10.108.0.0/15", "10.110.0.0/16", "10.111.0.0/17", "10.111.128.0/18", "10.111.192.0/19",
			"10.111.224.0/20", "10.111.240.0/21", "10.111.248.0/22", "10.111.252.0/23", "10.111.254.0/24",
		}, want: "10.111.255.0/24"},
		{name: "wider pool", pools: []string{"10.96.0.0/13"}, want: "10.104.0.0/24"},
		{name: "reservation in the middle", reserved: `{"10.96.0.128/30":"010"}`, want: "10.96.1.0/24"},
		{name: "10.0.0.0/8 used", used: []string{"10.0.0.0/8"}},
		{name: "the block is used", used: []string{"10.96.0.0/12"}},
		{name: "the block is a pool", pools: []string{"10.0.0.0/8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := open(t, newFakeState(), &fakeHost{used: prefixes(test.used...)})
			for _, subnet := range test.pools {
				needPool(t, m, subnet)
			}
			if test.reserved != "" {
				load(t, m, test.reserved)
			}
			pool, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
			if test.want == "" {
				wantError(t, "automatic RequestPool", err, ipam.ErrNoPoolLeft, "10.96.0.0/12", "--subnet")
				return
			}
			if err != nil || pool.Subnet.String() != test.want || pool.Range != pool.Subnet {
				t.Errorf("automatic RequestPool = %+v, %v, want %s", pool, err, test.want)
			}
		})
	}
}

// TestAutomaticPoolsRunOut takes the last 256 of them.
func TestAutomaticPoolsRunOut(t *testing.T) {
	m := newManager(t)
	request := ipam.PoolRequest{Space: ipam.LocalAddressSpace}
	for _, subnet := range []string{"10.96.0.0/13", "10.104.0.0/14", "10.108.0.0/15", "10.110.0.0/16"} {
		needPool(t, m, subnet) // the others at once
	}
	for n := range 256 {
		if _, err := m.RequestPool(context.Background(), request); err != nil {
			t.Fatalf("automatic pool %d: %v", n, err)
		}
	}
	_, err := m.RequestPool(context.Background(), request)
	wantError(t, "one more", err, ipam.ErrNoPoolLeft, "10.96.0.0/12")
}

// TestGivenPoolMayOverlapHost checks that what the user chose is not held
// against the host's routes, and that a host that fails is told of.
func TestGivenPoolMayOverlapHost(t *testing.T) {
	host := &fakeHost{used: prefixes("10.0.0.0/8")}
	m := open(t, newFakeState(), host)
	needPool(t, m, "10.1.0.0/24")
	host.err = errors.New("netlink is broken")
	needPool(t, m, "10.2.0.0/24")
	_, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
	wantError(t, "automatic RequestPool", err, host.err)
}
