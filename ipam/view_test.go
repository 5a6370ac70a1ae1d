package ipam_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/ipam"
)

// viewed is a manager with a pool in which addresses are in each state.
type viewed struct {
	*ipam.Manager
	state    *fakeState
	networks *fakeNetworks
	host     *fakeHost
	clock    *clock
	pool     ipam.PoolID
	start    time.Time
}

// newViewed makes the pool 10.1.0.0/24 of network shop, with the range
// 10.1.0.128/29, half an hour old. What it holds is in TestPool.
func newViewed(t *testing.T) viewed {
	t.Helper()
	state, host, clock := newFakeState(), &fakeHost{}, newClock()
	networks := &fakeNetworks{
		networks:  map[netip.Prefix]string{netip.MustParsePrefix("10.1.0.0/24"): "shop"},
		endpoints: map[netip.Addr]string{netip.MustParseAddr("10.1.0.128"): "endpoint web", netip.MustParseAddr("10.1.0.133"): "endpoint mail"},
	}
	m := open(t, state, host, func(config *ipam.Config) { config.Networks, config.ReuseDelay = networks, time.Minute })
	m.SetNow(clock.now)
	v := viewed{m, state, networks, host, clock, "", clock.now()}
	v.pool = needPool(t, m, "10.1.0.0/24", "10.1.0.128/29").ID
	v.request(t, ipam.AddressRequest{Address: netip.MustParseAddr("10.1.0.1"), Gateway: true})
	v.request(t, ipam.AddressRequest{Address: netip.MustParseAddr("10.1.0.5")})
	for _, name := range []string{"web", "db", "old", "asked"} {
		v.request(t, ipam.AddressRequest{Name: name})
	}
	v.request(t, ipam.AddressRequest{Address: netip.MustParseAddr("10.1.0.132"), Name: "once"})
	v.request(t, ipam.AddressRequest{Name: "mail"})
	release(t, m, v.pool, "10.1.0.130", "10.1.0.132")
	v.clock.pass(30 * time.Minute)
	release(t, m, v.pool, "10.1.0.129")
	v.reserve(t, "10.1.0.133", "keep")
	v.reserve(t, "10.1.0.134", "printer")
	v.reserve(t, "10.1.0.200", "")
	v.reserve(t, "192.0.2.7", "elsewhere")
	return v
}

func (v viewed) request(t *testing.T, request ipam.AddressRequest) {
	t.Helper()
	request.Pool = v.pool
	if _, err := v.RequestAddress(context.Background(), request); err != nil {
		t.Fatal(err)
	}
}

func (v viewed) reserve(t *testing.T, address, name string) {
	t.Helper()
	if err := v.Reserve(context.Background(), netip.MustParseAddr(address), name); err != nil {
		t.Fatalf("Reserve(%s): %v", address, err)
	}
}

// asJSON is the value as a program reads it.
func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPools(t *testing.T) {
	v := newViewed(t)
	needPool(t, v.Manager, "10.0.0.0/30")
	// Held are the gateway, the auxiliary address, web, asked and mail; of the eight
	// of the range .130, .132 and .135 are free.
	want := `[{"id":"mybridge-local/10.0.0.0/30","subnet":"10.0.0.0/30","network":"","range":"10.0.0.0/30","since":"2027-01-15T08:30:00Z","used":0,"free":2,"resting":0,"reserved":0},` +
		`{"id":"mybridge-local/10.1.0.0/24","subnet":"10.1.0.0/24","network":"shop","range":"10.1.0.128/29","since":"2027-01-15T08:00:00Z","used":5,"free":3,"resting":1,"reserved":3},` +
		`{"id":"","subnet":"192.0.2.7/32","network":"","range":"","used":0,"free":0,"resting":0,"reserved":1}]`
	if got := asJSON(t, v.Pools()); got != want {
		t.Errorf("Pools:\n got %s\nwant %s", got, want)
	}
	v.clock.pass(2 * time.Minute)
	if got := v.Pools()[1]; got.Resting != 0 || got.Free != 4 {
		t.Errorf("after the rest: got %d resting and %d free, want 0 and 4", got.Resting, got.Free)
	}
}

// TestFree checks that as many dynamic addresses are given as are said to be free.
func TestFree(t *testing.T) {
	for _, test := range []struct {
		subnet, addresses string
		want              uint64
	}{
		{"10.1.0.0/24", "", 254},
		{"10.1.0.0/24", "10.1.0.0/28", 15},
		{"10.1.0.0/24", "10.1.0.16/28", 16},
		{"10.1.0.0/24", "10.1.0.240/28", 15},
		{"10.1.0.0/24", "10.1.0.255/32", 0},
		{"10.1.0.0/24", "10.1.0.7/32", 1},
		{"10.1.0.0/31", "", 2},
		{"10.1.0.0/32", "", 1},
		{"2001:db8::/120", "", 255},
		{"2001:db8::/127", "", 2},
	} {
		m := newManager(t)
		pool := needPool(t, m, test.subnet, test.addresses)
		if got := m.Pools()[0].Free; got != test.want {
			t.Errorf("%s of %s: got %d free, want %d", test.addresses, test.subnet, got, test.want)
		}
		if got := drainPool(t, m, pool.ID); uint64(len(got)) != test.want {
			t.Errorf("%s of %s: %d addresses are given, want %d", test.addresses, test.subnet, len(got), test.want)
		}
		if got := m.Pools()[0]; got.Free != 0 || uint64(got.Used) != test.want {
			t.Errorf("%s of %s, when all are given: got %d free and %d used, want 0 and %d", test.addresses, test.subnet, got.Free, got.Used, test.want)
		}
	}
}

// TestFreeOfWideRanges checks those that are too wide to be drained.
func TestFreeOfWideRanges(t *testing.T) {
	for addresses, want := range map[string]uint64{
		"10.0.0.0/8":             1<<24 - 2,
		"2001:db8::/64":          ipam.MostFree,
		"2001:db8::/32":          ipam.MostFree,
		"2001:db8::/74":          ipam.MostFree,
		"2001:db8::/75":          1<<53 - 1 - 128,
		"2001:db8::/76":          1<<52 - 1 - 128,
		"2001:db8:0:0:1::/100":   1<<28 - 1 - 128,
		"2001:db8:0:0:ff00::/98": 1<<30 - 1 - 128,
	} {
		m := newManager(t)
		pool := needPool(t, m, addresses)
		if got := m.Pools()[0].Free; got != want {
			t.Errorf("%s: got %d free, want %d", addresses, got, want)
		}
		if want == ipam.MostFree {
			continue
		}
		for _, a := range []netip.Addr{pool.Subnet.Addr().Next(), pool.Subnet.Addr().Next().Next()} {
			if err := m.Reserve(context.Background(), a, ""); err != nil {
				t.Fatal(err)
			}
		}
		if got := m.Pools()[0].Free; got != want-2 {
			t.Errorf("%s with two reserved: got %d free, want %d", addresses, got, want-2)
		}
	}
}

func TestPool(t *testing.T) {
	v := newViewed(t)
	want := []string{
		"10.1.0.1 held gateway -- 00",
		"10.1.0.5 held requested asked -- 00",
		"10.1.0.128 held dynamic -endpoint web-web 00",
		"10.1.0.129 resting dynamic --db 30 until 31",
		"10.1.0.130 remembered dynamic --old 00",
		"10.1.0.131 held dynamic --asked 00",
		"10.1.0.132 remembered requested asked --once 00",
		"10.1.0.133 held dynamic reserved -endpoint mail-mail 00",
		"10.1.0.134 reserved  reserved --printer 30",
		"10.1.0.200 reserved  reserved -- 30",
	}
	for _, reference := range []string{"10.1.0.0/24", "mybridge-local/10.1.0.0/24", "10.1.0.77"} {
		subnet, err := ipam.ParsePool("pool", reference)
		if err != nil {
			t.Fatal(err)
		}
		details, err := v.Pool(subnet)
		if err != nil {
			t.Fatalf("Pool(%s): %v", subnet, err)
		}
		if details.Network != "shop" || details.Used != 5 || details.ID != v.pool {
			t.Errorf("Pool(%s): got %+v, want the pool of shop", subnet, details.PoolView)
		}
		if got := v.lines(details.Addresses); !slices.Equal(got, want) {
			t.Errorf("Pool(%s):\n got %s\nwant %s", subnet, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// TestPoolIsNamedExactly checks that another subnet does not stand for the pool.
func TestPoolIsNamedExactly(t *testing.T) {
	v := newViewed(t)
	for _, subnet := range prefixes("10.1.0.0/25", "10.1.0.0/16") {
		_, err := v.Pool(subnet)
		wantError(t, "Pool", err, ipam.ErrUnknownPool, subnet.String())
	}
}

// lines are the views as text, times in minutes.
func (v viewed) lines(views []ipam.AddressView) []string {
	minutes := func(at time.Time) string { return fmt.Sprintf(" %02d", int(at.Sub(v.start).Minutes())) }
	var lines []string
	for _, a := range views {
		line := fmt.Sprintf("%s %s %s", a.Address, a.State, a.Kind)
		if a.Asked {
			line += " asked"
		}
		if a.Reserved {
			line += " reserved"
		}
		line += " -" + a.Endpoint + "-" + a.Name + minutes(a.Since)
		if !a.RestsUntil.IsZero() {
			line += " until" + minutes(a.RestsUntil)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestPoolOfReservations checks what is reserved where there is no pool.
func TestPoolOfReservations(t *testing.T) {
	m := newManager(t)
	load(t, m, `{"10.1.0.0/30":"101"}`)
	for _, reference := range []string{"10.1.0.0/30", "10.1.0.3"} {
		subnet, err := ipam.ParsePool("pool", reference)
		if err != nil {
			t.Fatal(err)
		}
		details, err := m.Pool(subnet)
		if err != nil || details.Subnet.String() != "10.1.0.0/30" || details.ID != "" || details.Reserved != 2 || len(details.Addresses) != 2 {
			t.Errorf("Pool(%s): got %+v, %v, want the two addresses under 10.1.0.0/30", reference, details, err)
		}
	}
	for _, unknown := range []string{"10.1.0.0/24", "10.1.0.2", "2001:db8::/64"} {
		subnet, err := ipam.ParsePool("pool", unknown)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Pool(subnet)
		wantError(t, "Pool("+unknown+")", err, ipam.ErrUnknownPool, subnet.String())
	}
}

func TestParsePool(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.0.0/24": "10.1.0.0/24", "mybridge-global/10.1.0.0/24": "10.1.0.0/24", "mybridge-local/2001:db8::/64": "2001:db8::/64",
		"10.1.0.7": "10.1.0.7/32", "2001:db8::7": "2001:db8::7/128",
	} {
		if got, err := ipam.ParsePool("pool", text); err != nil || got.String() != want {
			t.Errorf("ParsePool(%q): got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "shop", "10.1.0.7/24", "10.1.0.0/33", "other/10.1.0.0/24", "mybridge-local/", "fe80::1%eth0", "::ffff:10.1.0.7"} {
		if got, err := ipam.ParsePool("pool", text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("ParsePool(%q): got %s, %v, want an error that names it", text, got, err)
		}
	}
}
