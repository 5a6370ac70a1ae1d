package ipam_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"mybridge/ipam"
)

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

// release ends a reservation or, where there is none, a lease.
func (m *machine) release(t *rapid.T) {
	address := someAddress(t, rapid.SampledFrom(modelSubnets).Draw(t, "subnet"))
	if reserved := slices.SortedFunc(maps.Keys(m.model.reservations), netip.Addr.Compare); len(reserved) > 0 && rapid.IntRange(0, 4).Draw(t, "known") != 0 {
		address = rapid.SampledFrom(reserved).Draw(t, "reserved")
	}
	end := func() { delete(m.model.reservations, address) }
	var want error
	if _, reserved := m.model.reservations[address]; !reserved {
		want = ipam.ErrNotReserved
		for _, p := range m.model.pools {
			switch lease, known := p.leases[address]; {
			case known && lease.held() && m.networks.endpoints[address] != "":
				want = ipam.ErrLive
			case known && lease.held():
				want, end = nil, func() { p.end(address, m.now()) }
			}
		}
	}
	failing := m.failing(t)
	if m.check(t, "Release "+address.String(), m.manager.Release(context.Background(), address, false), want, failing) {
		end()
	}
}
