package ipam_test

import (
	"fmt"
	"net/netip"
	"slices"

	"mybridge/ipam"
)

// model is the address manager in its plainest form: sets of addresses, all
// questions answered by looking at every address.
type model struct {
	pools        map[ipam.PoolID]*modelPool
	reservations map[netip.Addr]netip.Prefix
	automatic    []ipam.AddressPool
	// outlived are the ended leases with a name of pools that were released.
	outlived map[ipam.PoolID]map[netip.Addr]modelLease
}

type modelPool struct {
	subnet, addressRange netip.Prefix
	leases               map[netip.Addr]modelLease
	// last is the address that each name had last, where that is beyond doubt.
	last map[string]netip.Addr
}

// modelLease is a lease, held where ended is 0.
type modelLease struct {
	kind         ipam.LeaseKind
	asked        bool
	name         string
	since, ended int64
}

func (l modelLease) held() bool { return l.ended == 0 }

func newModel(automatic ...string) *model {
	m := &model{
		pools:        map[ipam.PoolID]*modelPool{},
		reservations: map[netip.Addr]netip.Prefix{},
		outlived:     map[ipam.PoolID]map[netip.Addr]modelLease{},
	}
	for _, s := range automatic {
		pool, err := ipam.ParseAddressPool(s)
		if err != nil {
			panic(err)
		}
		m.automatic = append(m.automatic, pool)
	}
	return m
}

// addPool enters a pool, with what outlived the last one of its ID.
func (m *model) addPool(id ipam.PoolID, subnet, addressRange netip.Prefix) {
	p := &modelPool{subnet: subnet, addressRange: addressRange, leases: map[netip.Addr]modelLease{}, last: map[string]netip.Addr{}}
	for a, lease := range m.outlived[id] {
		p.leases[a] = lease
	}
	delete(m.outlived, id)
	p.recall()
	m.pools[id] = p
}

// removePool leaves the ended leases with a name.
func (m *model) removePool(id ipam.PoolID) {
	p, known := m.pools[id]
	if !known {
		return
	}
	delete(m.pools, id)
	m.outlived[id] = map[netip.Addr]modelLease{}
	for a, lease := range p.leases {
		if !lease.held() && lease.name != "" {
			m.outlived[id][a] = lease
		}
	}
}

// recall finds out from the leases who had what last.
func (p *modelPool) recall() {
	clear(p.last)
	for _, lease := range p.leases {
		if latest := p.latest(lease.name); len(latest) == 1 {
			p.last[lease.name] = latest[0]
		}
	}
}

// put enters a lease as given or ended.
func (p *modelPool) put(a netip.Addr, lease modelLease) {
	if before, known := p.leases[a]; known && before.name != lease.name && p.last[before.name] == a {
		delete(p.last, before.name)
	}
	p.leases[a] = lease
	p.last[lease.name] = a
}

// end ends a lease.
func (p *modelPool) end(a netip.Addr, at int64) {
	lease := p.leases[a]
	lease.ended = at
	p.put(a, lease)
}

// restart forgets what is not kept: who had what last is what the leases say.
func (m *model) restart() {
	for _, p := range m.pools {
		p.recall()
	}
}

// latest are those of the name's leases that ended last.
func (p *modelPool) latest(name string) []netip.Addr {
	var addresses []netip.Addr
	var ended int64
	for a, lease := range p.leases {
		switch {
		case lease.name != name || lease.held() || lease.ended < ended:
		case lease.ended == ended:
			addresses = append(addresses, a)
		default:
			addresses, ended = []netip.Addr{a}, lease.ended
		}
	}
	return addresses
}

// runs reports whether somebody of that name has an address.
func (p *modelPool) runs(name string) bool {
	for _, lease := range p.leases {
		if lease.name == name && lease.held() {
			return true
		}
	}
	return false
}

// comesBack is the address that the name must get, if there is one.
func (m *model) comesBack(p *modelPool, name string) (netip.Addr, bool) {
	a, known := p.last[name]
	if name == "" || !known || p.runs(name) || !slices.Equal(p.latest(name), []netip.Addr{a}) {
		return netip.Addr{}, false
	}
	return a, m.canGive(p, a)
}

// refusal is the error with which an address asked for is refused, nil for none.
func (m *model) refusal(p *modelPool, a netip.Addr) error {
	lease, known := p.leases[a]
	_, reserved := m.reservations[a]
	switch {
	case !p.subnet.Contains(a) || isEdge(p.subnet, a):
		return ipam.ErrOutOfPool
	case known && lease.held():
		return ipam.ErrTaken
	case reserved:
		return ipam.ErrReserved
	}
	return nil
}

// canGive reports whether a dynamic request may have a.
func (m *model) canGive(p *modelPool, a netip.Addr) bool {
	return p.addressRange.Contains(a) && m.refusal(p, a) == nil
}

// The classes of addresses that a dynamic request may be given, the first first.
const (
	fresh = iota
	rested
	restedAsked
	resting
	restingAsked
)

// class says how willingly a is given at the time now.
func (p *modelPool) class(a netip.Addr, now, reuseDelay int64) int {
	lease, known := p.leases[a]
	switch rests := lease.ended+reuseDelay > now; {
	case !known:
		return fresh
	case !rests && !lease.asked:
		return rested
	case !rests:
		return restedAsked
	case !lease.asked:
		return resting
	}
	return restingAsked
}

// wide is the number of host bits from which on a range cannot run out here.
const wide = 10

// dynamic says what a dynamic request may be given: nil where it is to fail.
func (m *model) dynamic(p *modelPool, name string, now, reuseDelay int64) func(netip.Addr) error {
	had, must := m.comesBack(p, name)
	best, oldest := m.best(p, now, reuseDelay)
	if best < 0 {
		return nil
	}
	return func(a netip.Addr) error {
		class, lease := p.class(a, now, reuseDelay), p.leases[a]
		switch {
		case !m.canGive(p, a):
			return fmt.Errorf("it is taken, reserved or outside of range %s", p.addressRange)
		case must && a != had:
			return fmt.Errorf("%q had %s last", name, had)
		case must || name != "" && lease.name == name: // with several, any may count as the last
			return nil
		case class != best:
			return fmt.Errorf("it is of class %d, and there are some of class %d", class, best)
		case class != fresh && lease.ended != oldest:
			return fmt.Errorf("its lease ended at %d, that of another at %d", lease.ended, oldest)
		case p.addressRange.Addr().BitLen()-p.addressRange.Bits() > 24 && isReservedHost(p.subnet, a):
			return fmt.Errorf("its host number is reserved")
		}
		return nil
	}
}

// best is the best class of which there is an address, below 0 where none can be
// given, and when the first of the leases in that class ended.
func (m *model) best(p *modelPool, now, reuseDelay int64) (class int, oldest int64) {
	class = -1
	consider := func(a netip.Addr) {
		if !m.canGive(p, a) {
			return
		}
		c, ended := p.class(a, now, reuseDelay), p.leases[a].ended
		if class < 0 || c < class || c == class && ended < oldest {
			class, oldest = c, ended
		}
	}
	if p.addressRange.Addr().BitLen()-p.addressRange.Bits() > wide {
		return fresh, 0
	}
	for a := p.addressRange.Addr(); p.addressRange.Contains(a) && class != fresh; a = a.Next() {
		consider(a)
	}
	return class, oldest
}

// firstFree is the lowest address of the subnet, at most some thousand in, that
// p can give; the zero value where there is none.
func (m *model) firstFree(p *modelPool) netip.Addr {
	for a, n := p.subnet.Addr(), 0; p.subnet.Contains(a) && n < 2000; a, n = a.Next(), n+1 {
		if m.refusal(p, a) == nil {
			return a
		}
	}
	return netip.Addr{}
}

// isEdge reports whether a is a network or broadcast address.
func isEdge(subnet netip.Prefix, a netip.Addr) bool {
	if a.BitLen()-subnet.Bits() <= 1 {
		return false
	}
	return a == subnet.Addr() || a.Is4() && !subnet.Contains(a.Next())
}
