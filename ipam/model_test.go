package ipam_test

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"mybridge/ipam"
)

var errInjected = errors.New("the disk is full")

// model is the address manager in its plainest form: sets of addresses, all
// questions answered by looking at every address.
type model struct {
	pools        map[ipam.PoolID]*modelPool
	reservations map[netip.Addr]netip.Prefix
}

type modelPool struct {
	subnet, addressRange netip.Prefix
	leases               map[netip.Addr]ipam.LeaseKind
}

func newModel() *model {
	return &model{pools: map[ipam.PoolID]*modelPool{}, reservations: map[netip.Addr]netip.Prefix{}}
}

// refusal is the error with which an address asked for is refused, nil for none.
func (m *model) refusal(p *modelPool, a netip.Addr) error {
	_, leased := p.leases[a]
	_, reserved := m.reservations[a]
	switch {
	case !p.subnet.Contains(a) || isEdge(p.subnet, a):
		return ipam.ErrOutOfPool
	case leased:
		return ipam.ErrTaken
	case reserved:
		return ipam.ErrReserved
	}
	return nil
}

// firstFree is the lowest address of prefix, at most some thousand in, that p
// can give; the zero value where there is none.
func (m *model) firstFree(p *modelPool, prefix netip.Prefix) netip.Addr {
	for a, n := prefix.Addr(), 0; prefix.Contains(a) && n < 2000; a, n = a.Next(), n+1 {
		if m.refusal(p, a) == nil {
			return a
		}
	}
	return netip.Addr{}
}

func (m *model) overlapped(subnet netip.Prefix) []netip.Prefix {
	var others []netip.Prefix
	for _, p := range m.pools {
		if p.subnet.Overlaps(subnet) {
			others = append(others, p.subnet)
		}
	}
	return others
}

// bitmaps is what a dump must be.
func (m *model) bitmaps() (dumped ipam.Bitmaps, left []netip.Prefix) {
	dumped = ipam.Bitmaps{}
	set := func(subnet netip.Prefix, a netip.Addr) {
		b := []byte(dumped[subnet])
		n, network := 0, subnet.Addr()
		for ; network != a; network = network.Next() {
			n++
		}
		if n > 0 {
			b[n-1] = '1'
		}
		dumped[subnet] = string(b)
	}
	empty := func(subnet netip.Prefix) {
		if _, there := dumped[subnet]; !there {
			dumped[subnet] = strings.Repeat("0", 1<<(32-subnet.Bits())-1)
		}
	}
	for _, p := range m.pools {
		if p.subnet.Addr().Is6() {
			left = append(left, p.subnet)
			continue
		}
		empty(p.subnet)
		for a := range p.leases {
			set(p.subnet, a)
		}
		for a := range m.reservations {
			if p.subnet.Contains(a) {
				set(p.subnet, a)
			}
		}
	}
	for a, subnet := range m.reservations {
		empty(subnet)
		set(subnet, a)
	}
	slices.SortFunc(left, netip.Prefix.Compare)
	return dumped, left
}

// isEdge reports whether a is a network or broadcast address.
func isEdge(subnet netip.Prefix, a netip.Addr) bool {
	if a.BitLen()-subnet.Bits() <= 1 {
		return false
	}
	return a == subnet.Addr() || a.Is4() && !subnet.Contains(a.Next())
}

// machine drives a manager and the model through the same calls.
type machine struct {
	model   *model
	state   *fakeState
	host    *fakeHost
	manager *ipam.Manager
}

// modelSubnets overlap in part, and are small enough to be exhausted.
var modelSubnets = prefixes(
	"10.1.0.0/24", "10.1.0.0/25", "10.1.0.0/30", "10.1.0.4/30", "10.1.0.8/29", "10.1.0.32/31", "10.1.0.33/32",
	"10.1.0.128/26", "10.1.1.0/28", "10.1.0.0/23", "10.96.0.0/23", "2001:db8::/64", "2001:db8::/127", "2001:db8:1::/125",
)

// automaticRange is where automatic pools come from.
var automaticRange = netip.MustParsePrefix("10.96.0.0/12")

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// failing makes the next change fail, sometimes, and says whether it did.
func (m *machine) failing(t *rapid.T) bool {
	if rapid.IntRange(0, 4).Draw(t, "disk") != 0 {
		return false
	}
	m.state.failNext(errInjected)
	return true
}

// check compares an error with the one wanted, nil for none. It reports whether
// the call is to have had its effect.
func (m *machine) check(t *rapid.T, what string, got, want error, failing bool) bool {
	m.state.failNext(nil)
	if want == nil && failing {
		want = errInjected
	}
	if want == nil && got != nil || !errors.Is(got, want) {
		t.Fatalf("%s: got error %v, want %v", what, got, want)
	}
	return want == nil
}

// somePool draws a pool that is there, or now and then one that is not.
func (m *machine) somePool(t *rapid.T) (ipam.PoolID, *modelPool) {
	ids := slices.Sorted(maps.Keys(m.model.pools))
	if len(ids) == 0 || rapid.IntRange(0, 19).Draw(t, "unknown pool") == 0 {
		return ipam.NewPoolID(ipam.LocalAddressSpace, netip.MustParsePrefix("192.0.2.0/24")), nil
	}
	id := rapid.SampledFrom(ids).Draw(t, "pool")
	return id, m.model.pools[id]
}

// someAddress draws an address near the edges of the subnet, in it or not.
func someAddress(t *rapid.T, subnet netip.Prefix) netip.Addr {
	a := subnet.Addr()
	switch rapid.SampledFrom([]string{"any", "any", "last", "before", "far"}).Draw(t, "where") {
	case "before":
		return a.Prev()
	case "last":
		size := 1 << min(subnet.Addr().BitLen()-subnet.Bits(), 9)
		for range size - 2 + rapid.IntRange(0, 2).Draw(t, "past") {
			a = a.Next()
		}
	case "far": // beyond every bitmap where the pool is that wide
		b := a.AsSlice()
		b[len(b)-4] |= 0x7f
		b[len(b)-1] |= rapid.Byte().Draw(t, "low byte")
		a, _ = netip.AddrFromSlice(b)
	default:
		for range rapid.IntRange(0, 15).Draw(t, "host") {
			a = a.Next()
		}
	}
	return a
}
