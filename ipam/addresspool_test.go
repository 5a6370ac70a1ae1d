package ipam_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/ipam"
)

func TestParseAddressPoolTakes(t *testing.T) {
	for s, want := range map[string]ipam.AddressPool{
		"base=10.96.0.0/12,size=24":      {Base: netip.MustParsePrefix("10.96.0.0/12"), Size: 24},
		"size=24,base=10.96.0.0/12":      {Base: netip.MustParsePrefix("10.96.0.0/12"), Size: 24},
		"base=192.168.7.0/24,size=24":    {Base: netip.MustParsePrefix("192.168.7.0/24"), Size: 24},
		"base=10.0.0.0/8,size=32":        {Base: netip.MustParsePrefix("10.0.0.0/8"), Size: 32},
		"base=fd00:1:2::/48,size=64":     {Base: netip.MustParsePrefix("fd00:1:2::/48"), Size: 64},
		"base=fd00:1:2:3::/64,size=128":  {Base: netip.MustParsePrefix("fd00:1:2:3::/64"), Size: 128},
		"base=2001:db8:0:0::/32,size=48": {Base: netip.MustParsePrefix("2001:db8::/32"), Size: 48},
	} {
		got, err := ipam.ParseAddressPool(s)
		if err != nil || got != want {
			t.Errorf("ParseAddressPool(%q) = %v, %v, want %v", s, got, err, want)
		}
		if again, err := ipam.ParseAddressPool(got.String()); err != nil || again != want {
			t.Errorf("ParseAddressPool(%q) = %v, %v, want %v", got, again, err, want)
		}
	}
}

func TestParseAddressPoolRefuses(t *testing.T) {
	for s, part := range map[string]string{
		"":                                `"" is not known`,
		"10.96.0.0/12":                    `"10.96.0.0/12" is not known`,
		"base":                            "CIDR",
		"base=":                           "CIDR",
		"base=10.96.0.0,size=24":          "CIDR",
		"base=10.96.0.1/12,size=24":       "host bits",
		"base=10.0.0.0/7,size=24":         "too wide",
		"base=127.0.0.0/8,size=24":        "unicast",
		"base=224.0.0.0/8,size=24":        "unicast",
		"base=::ffff:10.0.0.0/104,size=8": "write it as IPv4",
		"base=fd00::/8,size=64":           "too wide",
		"size=24":                         "base is missing",
		"base=10.96.0.0/12":               "size is 0, allowed is 12 to 32",
		"base=10.96.0.0/12,size=11":       "size is 11, allowed is 12 to 32",
		"base=10.96.0.0/12,size=33":       "size is 33, allowed is 12 to 32",
		"base=10.96.0.0/12,size=-1":       "size is -1, allowed is 12 to 32",
		"base=fd00::/48,size=129":         "size is 129, allowed is 48 to 128",
		"base=10.96.0.0/12,size=":         "size",
		"base=10.96.0.0/12,size=x":        `"x"`,
		"base=10.96.0.0/12,size=24 ":      `"24 "`,
		"base=10.96.0.0/12,size=1e1":      `"1e1"`,
		"base=10.96.0.0/12,size=24,":      `"" is not known`,
		"base=10.96.0.0/12,scope=x":       `"scope" is not known`,
		"base=10.96.0.0/12, size=24":      `" size" is not known`,
		"Base=10.96.0.0/12,size=24":       `"Base" is not known`,
	} {
		got, err := ipam.ParseAddressPool(s)
		if err == nil {
			t.Errorf("ParseAddressPool(%q) = %v, want an error", s, got)
			continue
		}
		if text := err.Error(); !strings.Contains(text, part) || !strings.Contains(text, `address pool "`+s+`"`) {
			t.Errorf("ParseAddressPool(%q): got error %q, want it to name the value and %q", s, text, part)
		}
	}
}

func FuzzParseAddressPool(f *testing.F) {
	for _, s := range []string{
		"", "base=10.96.0.0/12,size=24", "size=64,base=fd00::/48", "base=10.96.0.0/12", "base=10.0.0.0/8,size=33", "base=,size=", "base=10.0.0.0/8,size=+8",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pool, err := ipam.ParseAddressPool(s)
		if err != nil {
			if pool != (ipam.AddressPool{}) {
				t.Errorf("ParseAddressPool(%q) = %v beside error %v", s, pool, err)
			}
			return
		}
		if pool.Base != pool.Base.Masked() || pool.Size < pool.Base.Bits() || pool.Size > pool.Base.Addr().BitLen() {
			t.Errorf("ParseAddressPool(%q) = %v, want a base without host bits and a size within it", s, pool)
		}
		if again, err := ipam.ParseAddressPool(pool.String()); err != nil || again != pool {
			t.Errorf("ParseAddressPool(%q) = %v, %v, want %v", pool, again, err, pool)
		}
		m := open(t, newFakeState(), &fakeHost{}, func(config *ipam.Config) { config.AddressPools = []ipam.AddressPool{pool} })
		given, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: pool.Base.Addr().Is6()})
		if want := netip.PrefixFrom(pool.Base.Addr(), pool.Size); err != nil || given.Subnet != want {
			t.Errorf("first pool of %v: got %v, %v, want %s", pool, given.Subnet, err, want)
		}
	})
}

// openPools is a manager with the address pools given.
func openPools(t *testing.T, state ipam.State, host ipam.Host, pools ...string) *ipam.Manager {
	t.Helper()
	return open(t, state, host, func(config *ipam.Config) {
		for _, s := range pools {
			pool, err := ipam.ParseAddressPool(s)
			if err != nil {
				t.Fatal(err)
			}
			config.AddressPools = append(config.AddressPools, pool)
		}
	})
}

// requestAutomatic requests n pools and returns their subnets.
func requestAutomatic(t *testing.T, m *ipam.Manager, ipv6 bool, n int) []string {
	t.Helper()
	var given []string
	for range n {
		pool, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: ipv6})
		if err != nil {
			t.Fatalf("automatic RequestPool after %v: %v", given, err)
		}
		given = append(given, pool.Subnet.String())
	}
	return given
}

func wantSubnets(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestAddressPoolsInOrder takes all subnets of several address pools.
func TestAddressPoolsInOrder(t *testing.T) {
	m := openPools(t, newFakeState(), &fakeHost{}, "base=172.30.0.0/23,size=24", "base=fd00:1::/63,size=64", "base=10.7.0.0/29,size=30")
	wantSubnets(t, "IPv4", requestAutomatic(t, m, false, 4), "172.30.0.0/24", "172.30.1.0/24", "10.7.0.0/30", "10.7.0.4/30")
	_, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
	wantError(t, "one more", err, ipam.ErrNoPoolLeft, "/24 of 172.30.0.0/23", "/30 of 10.7.0.0/29", "--subnet")
	wantSubnets(t, "IPv6", requestAutomatic(t, m, true, 2), "fd00:1::/64", "fd00:1:0:1::/64")
	_, err = m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: true})
	wantError(t, "one more of IPv6", err, ipam.ErrNoPoolLeft, "/64 of fd00:1::/63")
}
