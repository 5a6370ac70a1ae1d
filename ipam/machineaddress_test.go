package ipam_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"pgregory.net/rapid"

	"mybridge/ipam"
)

// modelSubnets overlap in part, and are small enough to be exhausted.
var modelSubnets = prefixes(
	"10.1.0.0/24", "10.1.0.0/25", "10.1.0.0/30", "10.1.0.4/30", "10.1.0.8/29", "10.1.0.32/31", "10.1.0.33/32",
	"10.1.0.128/26", "10.1.1.0/28", "10.1.0.0/23", "10.96.0.0/23", "2001:db8::/64", "2001:db8::/127", "2001:db8:1::/125", "fd00:96::/63",
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
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

func someName(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "web", "db", "cache"}).Draw(t, "name")
}

// leased draws an address that has a lease, held or ended, or any.
func leased(t *rapid.T, p *modelPool, held bool) netip.Addr {
	var known []netip.Addr
	for a, lease := range p.leases {
		if lease.held() == held {
			known = append(known, a)
		}
	}
	if len(known) == 0 || rapid.IntRange(0, 4).Draw(t, "known") == 0 {
		return someAddress(t, p.subnet)
	}
	slices.SortFunc(known, netip.Addr.Compare)
	return rapid.SampledFrom(known).Draw(t, "lease")
}

func (m *machine) requestDynamic(t *rapid.T) {
	id, p := m.somePool(t)
	request := ipam.AddressRequest{Pool: id, Name: someName(t)}
	want := ipam.ErrUnknownPool
	var allowed func(netip.Addr) error
	if p != nil {
		want = nil
		if allowed = m.model.dynamic(p, request.Name, m.now(), int64(m.reuseDelay.Seconds())); allowed == nil {
			want = ipam.ErrExhausted
		}
	}
	failing := m.failing(t)
	got, err := m.manager.RequestAddress(context.Background(), request)
	if m.check(t, "dynamic RequestAddress", err, want, failing) {
		m.give(t, p, request, got, ipam.Dynamic, allowed)
	}
}

// give enters an address given, which must be one that is allowed.
func (m *machine) give(t *rapid.T, p *modelPool, request ipam.AddressRequest, got netip.Prefix, kind ipam.LeaseKind, allowed func(netip.Addr) error) {
	if reason := allowed(got.Addr()); reason != nil || got.Bits() != p.subnet.Bits() {
		t.Fatalf("pool %s gave %s for %+v: %v; want another with /%d", p.subnet, got, request, reason, p.subnet.Bits())
	}
	asked := p.leases[got.Addr()].asked || kind == ipam.Requested
	p.put(got.Addr(), modelLease{kind: kind, asked: asked, name: request.Name, since: m.now()})
}

func (m *machine) requestExplicit(t *rapid.T) {
	id, p := m.somePool(t)
	request := ipam.AddressRequest{Pool: id, Address: netip.MustParseAddr("192.0.2.1"), Gateway: rapid.Bool().Draw(t, "gateway")}
	want, kind := ipam.ErrUnknownPool, ipam.Requested
	if request.Gateway {
		kind = ipam.Gateway
	} else {
		request.Name = someName(t)
	}
	if p != nil {
		request.Address = leased(t, p, false)
		want = m.model.refusal(p, request.Address)
	}
	failing := m.failing(t)
	ctx, late := deadline(t)
	got, err := m.manager.RequestAddress(ctx, request)
	allowed := func(a netip.Addr) error {
		if a != request.Address {
			return ipam.ErrOutOfPool
		}
		return m.model.refusal(p, a)
	}
	if want == nil && !failing && late != nil { // it was kept, and given back
		m.give(t, p, request, netip.PrefixFrom(request.Address, p.subnet.Bits()), kind, allowed)
		p.end(request.Address, m.now())
		want = late
	}
	if m.check(t, "RequestAddress "+request.Address.String(), err, want, failing) {
		m.give(t, p, request, got, kind, allowed)
	}
}

func (m *machine) requestGateway(t *rapid.T) {
	id, p := m.somePool(t)
	want := ipam.ErrUnknownPool
	var first netip.Addr
	if p != nil {
		want = nil
		if first = m.model.firstFree(p); !first.IsValid() {
			want = ipam.ErrExhausted
		}
	}
	failing := m.failing(t)
	request := ipam.AddressRequest{Pool: id, Gateway: true}
	got, err := m.manager.RequestAddress(context.Background(), request)
	if !m.check(t, "gateway RequestAddress", err, want, failing) {
		return
	}
	if got.Addr() != first {
		t.Fatalf("gateway of pool %s is %s, want the lowest free address %s", p.subnet, got, first)
	}
	m.give(t, p, request, got, ipam.Gateway, func(a netip.Addr) error { return m.model.refusal(p, a) })
}

// fill takes all that is left of a pool's range.
func (m *machine) fill(t *rapid.T) {
	id, p := m.somePool(t)
	if p == nil || p.addressRange.Addr().BitLen()-p.addressRange.Bits() > 8 {
		t.Skip("too large to fill")
	}
	request := ipam.AddressRequest{Pool: id}
	for {
		allowed := m.model.dynamic(p, "", m.now(), int64(m.reuseDelay.Seconds()))
		got, err := m.manager.RequestAddress(context.Background(), request)
		if allowed == nil {
			m.check(t, "RequestAddress of a full pool", err, ipam.ErrExhausted, false)
			return
		}
		m.check(t, "RequestAddress with some free", err, nil, false)
		m.give(t, p, request, got, ipam.Dynamic, allowed)
	}
}

func (m *machine) releaseAddress(t *rapid.T) {
	id, p := m.somePool(t)
	address := netip.MustParseAddr("192.0.2.1")
	held := false
	if p != nil {
		address = leased(t, p, true)
		lease, known := p.leases[address]
		held = known && lease.held()
	}
	var want error
	if m.networks.endpoints[address] != "" && p != nil {
		want = ipam.ErrLive
	}
	failing := m.failing(t) && held
	if m.check(t, "ReleaseAddress "+address.String(), m.manager.ReleaseAddress(context.Background(), id, address), want, failing) && held {
		p.end(address, m.now())
	}
}

// changeEndpoint gives an address to an endpoint, or takes it from one.
func (m *machine) changeEndpoint(t *rapid.T) {
	_, p := m.somePool(t)
	if p == nil || len(m.networks.endpoints) > 2 {
		clear(m.networks.endpoints)
		return
	}
	m.networks.endpoints[leased(t, p, true)] = "web of shop"
}
