package ipam_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mybridge/ipam"
)

// wantExplained checks the state, whether the address is given, and parts of the
// reason.
func wantExplained(t *testing.T, m *ipam.Manager, address string, state ipam.AddressState, given bool, parts ...string) {
	t.Helper()
	got := m.Explain(netip.MustParseAddr(address))
	if got.Address.String() != address || got.State != state || got.Given != given {
		t.Errorf("%s: got %+v, want state %s, given %v", address, got, state, given)
	}
	for _, part := range parts {
		if !strings.Contains(got.Reason, part) {
			t.Errorf("%s: got reason %q, want it to say %q", address, got.Reason, part)
		}
	}
}

func TestExplain(t *testing.T) {
	v := newViewed(t)
	at := func(minutes int) string {
		return v.start.Add(time.Duration(minutes) * time.Minute).Local().Format(time.RFC3339)
	}
	for _, test := range []struct {
		address string
		state   ipam.AddressState
		given   bool
		parts   []string
	}{
		{"198.51.100.7", ipam.Outside, false, []string{"No pool"}},
		{"192.0.2.7", ipam.Outside, false, []string{"No pool", "reserved for elsewhere since " + at(30)}},
		{"10.1.0.0", ipam.Unavailable, false, []string{"the network address"}},
		{"10.1.0.255", ipam.Unavailable, false, []string{"the broadcast address"}},
		{"10.1.0.1", ipam.Held, false, []string{"gateway of network shop", at(0)}},
		{"10.1.0.5", ipam.Held, false, []string{"no endpoint of this driver", "--aux-address", at(0)}},
		{"10.1.0.128", ipam.Held, false, []string{"by endpoint web (web)", "chosen by the plugin", at(0)}},
		{"10.1.0.129", ipam.Resting, true, []string{"ended at " + at(30), "rests until " + at(31), "remembered for db"}},
		{"10.1.0.130", ipam.Remembered, true, []string{"ended at " + at(0), "has rested", "remembered for old", "no address is left"}},
		{"10.1.0.131", ipam.Held, false, []string{"no endpoint of this driver", "ipam check", "(asked)"}},
		{"10.1.0.132", ipam.Remembered, true, []string{"remembered for once", "--ip once", "last of all"}},
		{"10.1.0.133", ipam.Held, false, []string{"endpoint mail", "reserved for keep since " + at(30), "ipam release 10.1.0.133"}},
		{"10.1.0.134", ipam.Reserved, false, []string{"reserved for printer since " + at(30)}},
		{"10.1.0.135", ipam.Free, true, []string{"never had one", "next container"}},
		{"10.1.0.200", ipam.Reserved, false, []string{"reserved since " + at(30)}},
		{"10.1.0.201", ipam.Free, false, []string{"outside the range 10.1.0.128/29", "--ip"}},
	} {
		wantExplained(t, v.Manager, test.address, test.state, test.given, test.parts...)
	}
}

// TestExplainIsTrue drains the pool: given are just those addresses of which
// Explain said so.
func TestExplainIsTrue(t *testing.T) {
	v := newViewed(t)
	want := map[string]bool{}
	for a := netip.MustParseAddr("10.1.0.0"); a.String() != "10.1.1.0"; a = a.Next() {
		if v.Explain(a).Given {
			want[a.String()+"/24"] = true
		}
	}
	given := drainPool(t, v.Manager, v.pool)
	if len(given) != len(want) {
		t.Errorf("given are %v, want %v", given, want)
	}
	for _, a := range given {
		if !want[a] {
			t.Errorf("%s is given, of which Explain said that it is not", a)
		}
	}
}

// TestExplainUsedWithoutLease checks that nobody takes an address for free that
// one of our endpoints has.
func TestExplainUsedWithoutLease(t *testing.T) {
	v := newViewed(t)
	if err := v.Release(context.Background(), netip.MustParseAddr("10.1.0.128"), true); err != nil {
		t.Fatal(err)
	}
	wantExplained(t, v.Manager, "10.1.0.128", ipam.Resting, true, "endpoint web uses it", "given twice", "ipam reserve 10.1.0.128")
}

func TestExplainForeignPool(t *testing.T) {
	v := newViewed(t)
	delete(v.networks.networks, netip.MustParsePrefix("10.1.0.0/24"))
	wantExplained(t, v.Manager, "10.1.0.131", ipam.Held, false, "another driver")
	wantExplained(t, v.Manager, "10.1.0.1", ipam.Held, false, "gateway", "another driver")
}

func TestExplainIPv6(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "2001:db8::/64")
	wantExplained(t, m, "2001:db8::", ipam.Unavailable, false, "anycast")
	wantExplained(t, m, "2001:db8::ffff:ffff:ffff:ff80", ipam.Free, false, "anycast", "--ip6")
	wantExplained(t, m, "2001:db8::7", ipam.Free, true)
	if _, err := requestExplicit(m, pool.ID, "2001:db8::ffff:ffff:ffff:ff80"); err != nil {
		t.Errorf("the anycast address, asked for: %v", err)
	}
}

func TestExplainDoubt(t *testing.T) {
	state := newFakeState()
	needPool(t, open(t, state, &fakeHost{}), "10.1.0.0/24")
	m := open(t, state, &fakeHost{}, func(config *ipam.Config) { config.Doubt = "the disk was lost" })
	wantExplained(t, m, "10.1.0.7", ipam.Free, false, "no dynamic address now", "the disk was lost")
	if got := m.Pools()[0].Doubt; got != "the disk was lost" {
		t.Errorf("Pools: got doubt %q, want the reason", got)
	}
}

// TestExplainPending looks at an address while its lease is committed.
func TestExplainPending(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/24")
	state.before = func(string) {
		wantExplained(t, m, "10.1.0.1", ipam.Pending, false, "at this moment")
		details, err := m.Pool(pool.Subnet)
		if err != nil || len(details.Addresses) != 1 || details.Addresses[0].State != ipam.Pending {
			t.Errorf("Pool: got %+v, %v, want one address that is pending", details.Addresses, err)
		}
		wantError(t, "Release", m.Release(context.Background(), netip.MustParseAddr("10.1.0.1"), true), ipam.ErrTaken, "at this moment")
	}
	if _, err := requestDynamic(m, pool.ID); err != nil {
		t.Fatal(err)
	}
}
