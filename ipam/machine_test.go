package ipam_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mybridge/ipam"
)

// TestAgainstModel drives a manager and the model through the same calls, with
// restarts and failing disks, and compares answers, dumps and what is kept.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{model: newModel(), state: newFakeState(), host: &fakeHost{}}
		m.manager = open(t, m.state, m.host)
		t.Repeat(map[string]func(*rapid.T){
			"request a pool":           m.requestPool,
			"request an automatic one": m.requestAutomaticPool,
			"release a pool":           m.releasePool,
			"request an address":       m.requestDynamic,
			"request more addresses":   m.requestDynamic, // twice as likely
			"request that address":     m.requestExplicit,
			"request a gateway":        m.requestGateway,
			"fill a pool":              m.fill,
			"release an address":       m.releaseAddress,
			"load":                     m.load,
			"release a reservation":    m.releaseReservation,
			"host":                     m.changeHost,
			"restart":                  m.restart,
			"":                         m.compare,
		})
	})
}

func (m *machine) requestPool(t *rapid.T) {
	request := ipam.PoolRequest{
		Space:  rapid.SampledFrom([]ipam.AddressSpace{ipam.LocalAddressSpace, ipam.GlobalAddressSpace}).Draw(t, "space"),
		Subnet: rapid.SampledFrom(modelSubnets).Draw(t, "subnet"),
	}
	request.IPv6 = request.Subnet.Addr().Is6()
	wantRange := request.Subnet
	if rapid.Bool().Draw(t, "has range") {
		bits := rapid.IntRange(request.Subnet.Bits(), request.Subnet.Addr().BitLen()).Draw(t, "range bits")
		inside := request.Subnet.Addr()
		for range rapid.IntRange(0, min(1<<min(inside.BitLen()-request.Subnet.Bits(), 8)-1, 40)).Draw(t, "range at") {
			inside = inside.Next()
		}
		request.Range, _ = inside.Prefix(bits)
		wantRange = request.Range
	}
	others := m.model.overlapped(request.Subnet)
	var want error
	if len(others) > 0 {
		want = ipam.ErrOverlap
	}
	failing := m.failing(t)
	got, err := m.manager.RequestPool(context.Background(), request)
	if !m.check(t, "RequestPool", err, want, failing) {
		if want != nil && !slices.ContainsFunc(others, func(p netip.Prefix) bool { return strings.Contains(err.Error(), p.String()) }) {
			t.Fatalf("RequestPool: error %q names none of %v", err, others)
		}
		return
	}
	id := ipam.NewPoolID(request.Space, request.Subnet)
	if got.ID != id || got.Subnet != request.Subnet || got.Range != wantRange {
		t.Fatalf("RequestPool = %+v, want ID %s, subnet %s, range %s", got, id, request.Subnet, wantRange)
	}
	m.model.pools[id] = &modelPool{subnet: got.Subnet, addressRange: got.Range, leases: map[netip.Addr]ipam.LeaseKind{}}
}

func (m *machine) requestAutomaticPool(t *rapid.T) {
	// The lowest /24 that is free.
	var want netip.Prefix
	free := func(subnet netip.Prefix) bool {
		overlaps := subnet.Overlaps
		return len(m.model.overlapped(subnet)) == 0 && !slices.ContainsFunc(m.host.used, overlaps) &&
			!slices.ContainsFunc(slices.Collect(maps.Values(m.model.reservations)), overlaps)
	}
	if !slices.ContainsFunc(m.host.used, func(p netip.Prefix) bool { return p.Bits() <= 12 && p.Overlaps(automaticRange) }) {
		for i := 0; i < 1<<12 && !want.IsValid(); i++ {
			if s := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(96 + i>>8), byte(i), 0}), 24); free(s) {
				want = s
			}
		}
	}
	ipv6 := rapid.IntRange(0, 9).Draw(t, "ipv6") == 0
	var wantErr error
	if ipv6 || !want.IsValid() {
		wantErr = ipam.ErrNoPoolLeft
	}
	failing := m.failing(t)
	got, err := m.manager.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: ipv6})
	if !m.check(t, "automatic RequestPool", err, wantErr, failing) {
		return
	}
	if got.Subnet != want || got.Range != want {
		t.Fatalf("automatic RequestPool = %+v, want subnet and range %s", got, want)
	}
	m.model.pools[got.ID] = &modelPool{subnet: want, addressRange: want, leases: map[netip.Addr]ipam.LeaseKind{}}
}

func (m *machine) releasePool(t *rapid.T) {
	id, p := m.somePool(t)
	failing := m.failing(t) && p != nil
	if m.check(t, "ReleasePool", m.manager.ReleasePool(context.Background(), id), nil, failing) {
		delete(m.model.pools, id)
	}
}

func (m *machine) requestDynamic(t *rapid.T) {
	id, p := m.somePool(t)
	want := ipam.ErrUnknownPool
	if p != nil {
		want = nil
		if !m.model.firstFree(p, p.addressRange).IsValid() {
			want = ipam.ErrExhausted
		}
	}
	failing := m.failing(t)
	got, err := m.manager.RequestAddress(context.Background(), ipam.AddressRequest{Pool: id})
	if !m.check(t, "dynamic RequestAddress", err, want, failing) {
		return
	}
	m.give(t, p, got, p.addressRange, ipam.Dynamic)
}

// give enters an address given, which the model must have thought free.
func (m *machine) give(t *rapid.T, p *modelPool, got, from netip.Prefix, kind ipam.LeaseKind) {
	if reason := m.model.refusal(p, got.Addr()); reason != nil {
		t.Fatalf("pool %s gave %s: %v", p.subnet, got, reason)
	}
	if !from.Contains(got.Addr()) || got.Bits() != p.subnet.Bits() {
		t.Fatalf("pool %s gave %s, want an address of %s with /%d", p.subnet, got, from, p.subnet.Bits())
	}
	p.leases[got.Addr()] = kind
}

func (m *machine) requestExplicit(t *rapid.T) {
	id, p := m.somePool(t)
	request := ipam.AddressRequest{Pool: id, Address: netip.MustParseAddr("192.0.2.1"), Gateway: rapid.Bool().Draw(t, "gateway")}
	want, kind := ipam.ErrUnknownPool, ipam.Requested
	if p != nil {
		request.Address = someAddress(t, p.subnet)
		want = m.model.refusal(p, request.Address)
	}
	if request.Gateway {
		kind = ipam.Gateway
	}
	failing := m.failing(t)
	got, err := m.manager.RequestAddress(context.Background(), request)
	if !m.check(t, "RequestAddress "+request.Address.String(), err, want, failing) {
		return
	}
	if got.Addr() != request.Address {
		t.Fatalf("RequestAddress %s = %s", request.Address, got)
	}
	m.give(t, p, got, p.subnet, kind)
}

func (m *machine) requestGateway(t *rapid.T) {
	id, p := m.somePool(t)
	want := ipam.ErrUnknownPool
	var first netip.Addr
	if p != nil {
		want = nil
		if first = m.model.firstFree(p, p.subnet); !first.IsValid() {
			want = ipam.ErrExhausted
		}
	}
	failing := m.failing(t)
	got, err := m.manager.RequestAddress(context.Background(), ipam.AddressRequest{Pool: id, Gateway: true})
	if !m.check(t, "gateway RequestAddress", err, want, failing) {
		return
	}
	if got.Addr() != first {
		t.Fatalf("gateway of pool %s is %s, want the lowest free address %s", p.subnet, got, first)
	}
	m.give(t, p, got, p.subnet, ipam.Gateway)
}

// fill takes all that is left of a pool's range.
func (m *machine) fill(t *rapid.T) {
	id, p := m.somePool(t)
	if p == nil || p.addressRange.Addr().BitLen()-p.addressRange.Bits() > 8 {
		t.Skip("too large to fill")
	}
	for m.model.firstFree(p, p.addressRange).IsValid() {
		got, err := m.manager.RequestAddress(context.Background(), ipam.AddressRequest{Pool: id})
		if err != nil {
			t.Fatalf("RequestAddress with %s free: %v", m.model.firstFree(p, p.addressRange), err)
		}
		m.give(t, p, got, p.addressRange, ipam.Dynamic)
	}
}

func (m *machine) releaseAddress(t *rapid.T) {
	id, p := m.somePool(t)
	address := netip.MustParseAddr("192.0.2.1")
	leased := false
	if p != nil {
		address = someAddress(t, p.subnet)
		leases := slices.SortedFunc(maps.Keys(p.leases), netip.Addr.Compare)
		if len(leases) > 0 && rapid.IntRange(0, 4).Draw(t, "known") != 0 {
			address = rapid.SampledFrom(leases).Draw(t, "lease")
		}
		_, leased = p.leases[address]
	}
	failing := m.failing(t) && leased
	if m.check(t, "ReleaseAddress "+address.String(), m.manager.ReleaseAddress(context.Background(), id, address), nil, failing) && p != nil {
		delete(p.leases, address)
	}
}

func (m *machine) load(t *rapid.T) {
	bitmaps := ipam.Bitmaps{}
	for range rapid.IntRange(1, 2).Draw(t, "subnets") {
		subnet := rapid.SampledFrom(modelSubnets[:11]).Draw(t, "subnet")
		b := []byte(strings.Repeat("0", 1<<(32-subnet.Bits())-1))
		for range min(len(b), 3) {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "host number")] = '1'
		}
		bitmaps[subnet] = string(b)
	}
	failing := m.failing(t)
	if !m.check(t, "Load", m.manager.Load(context.Background(), bitmaps), nil, failing) {
		return
	}
	// A reservation is shown under the narrowest of the file's subnets.
	for _, subnet := range slices.SortedFunc(maps.Keys(bitmaps), func(a, b netip.Prefix) int { return a.Bits() - b.Bits() }) {
		a := subnet.Addr()
		for _, c := range bitmaps[subnet] {
			if a = a.Next(); c == '1' {
				m.model.reservations[a] = subnet
			}
		}
	}
}

func (m *machine) releaseReservation(t *rapid.T) {
	address := someAddress(t, rapid.SampledFrom(modelSubnets).Draw(t, "subnet"))
	if reserved := slices.SortedFunc(maps.Keys(m.model.reservations), netip.Addr.Compare); len(reserved) > 0 && rapid.IntRange(0, 4).Draw(t, "known") != 0 {
		address = rapid.SampledFrom(reserved).Draw(t, "reserved")
	}
	var want error
	if _, reserved := m.model.reservations[address]; !reserved {
		want = ipam.ErrNotReserved
		for _, p := range m.model.pools {
			if _, leased := p.leases[address]; leased {
				want = ipam.ErrTaken
			}
		}
	}
	failing := m.failing(t)
	if m.check(t, "Release "+address.String(), m.manager.Release(context.Background(), address), want, failing) {
		delete(m.model.reservations, address)
	}
}

func (m *machine) changeHost(t *rapid.T) {
	m.host.used = rapid.SliceOfN(rapid.SampledFrom(prefixes(
		"10.96.0.0/24", "10.96.1.0/24", "10.96.2.128/25", "10.96.0.0/16", "172.17.0.0/16", "10.0.0.0/8", "10.96.0.7/32", "fe80::/64",
	)), 0, 3).Draw(t, "used")
}

// restart forgets all but what the state keeps.
func (m *machine) restart(t *rapid.T) { m.manager = open(t, m.state, m.host) }

// compare holds the dump and the kept records against the model.
func (m *machine) compare(t *rapid.T) {
	dumped, left := m.manager.Dump()
	want, wantLeft := m.model.bitmaps()
	if !maps.Equal(dumped, want) || !slices.Equal(left, wantLeft) {
		t.Fatalf("Dump:\n got %v, left out %v\nwant %v, left out %v", dumped, left, want, wantLeft)
	}
	if len(m.state.pools) != len(m.model.pools) || len(m.state.reservations) != len(m.model.reservations) {
		t.Fatalf("kept are %d pools and %d reservations, want %d and %d",
			len(m.state.pools), len(m.state.reservations), len(m.model.pools), len(m.model.reservations))
	}
	for id, p := range m.model.pools {
		kept := m.state.leases[id]
		for a, kind := range p.leases {
			if lease, ok := kept[a]; !ok || lease.Kind != kind || lease.Pool != id || lease.Since.IsZero() {
				t.Fatalf("kept lease of %s in %s is %+v, want one that is %s", a, id, lease, kind)
			}
		}
		if len(kept) != len(p.leases) {
			t.Fatalf("pool %s: %d leases are kept, want %d", id, len(kept), len(p.leases))
		}
	}
}
