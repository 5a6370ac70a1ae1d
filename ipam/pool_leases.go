package ipam

import (
	"cmp"
	"net/netip"
	"time"
)

// put enters a lease, held or ended, in the place of what was there.
func (p *pool) put(lease *Lease) {
	a := lease.Address
	before, known := p.leases.get(a)
	if known {
		p.tally(before, -1)
	}
	if known && before.name != lease.Name {
		p.memory.forgetName(before.name, a)
	}
	now := entry{since: seconds(lease.Since), ended: seconds(lease.Ended), kind: lease.Kind, asked: lease.Asked, name: lease.Name}
	p.leases.set(a, now)
	p.take(a)
	p.tally(now, 1)
	p.rememberName(a, now)
	if !now.held() {
		p.memory.push(a, now)
		p.compact()
	}
}

// tally keeps the numbers of leases when one comes or goes.
func (p *pool) tally(e entry, change int) {
	switch {
	case e.held():
		p.held += change
	case !e.asked:
		p.forgettable += change
	}
}

// rememberName makes a the address that the name had last, unless another one is
// later: leases are restored in any order.
func (p *pool) rememberName(a netip.Addr, lease entry) {
	if lease.name == "" {
		return
	}
	if other, known := p.memory.last[lease.name]; known {
		if there, _ := p.leases.get(other); there.isLater(lease) {
			return
		}
	}
	p.memory.keepName(lease.name, a)
}

// isLater reports whether the lease was given after the other, or ended after it.
func (e entry) isLater(other entry) bool {
	if e.held() != other.held() {
		return e.held()
	}
	return cmp.Or(cmp.Compare(e.ended, other.ended), cmp.Compare(e.since, other.since)) > 0
}

// compact drops outdated entries where they are most of a queue: a container
// that is started over and over leaves one each time.
func (p *pool) compact() {
	const slack = 64
	if p.memory.plain.Len()+p.memory.asked.Len() < 2*(p.leases.length()-p.held)+slack {
		return
	}
	p.memory.plain, p.memory.asked = nil, nil
	for a, e := range p.leases.all() {
		if !e.held() {
			p.memory.push(a, e)
		}
	}
}

// settle puts an address that is no longer pending or reserved where it is
// found again.
func (p *pool) settle(a netip.Addr) {
	if e, known := p.leases.get(a); known && !e.held() {
		p.memory.push(a, e)
	}
	p.free(a)
}

func (p *pool) lease(a netip.Addr, e entry) Lease {
	lease := Lease{Pool: p.ID, Address: a, Kind: e.kind, Since: time.Unix(int64(e.since), 0), Asked: e.asked, Name: e.name}
	if !e.held() {
		lease.Ended = time.Unix(int64(e.ended), 0)
	}
	return lease
}

// wasAsked reports whether a was ever asked for by itself.
func (p *pool) wasAsked(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, _ := p.leases.get(a)
	return e.asked
}

// seconds is t in Unix seconds, 0 for the zero time.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(t.Unix())
}

// eachTaken calls yield with each address held or reserved.
func (p *pool) eachTaken(yield func(netip.Addr)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a, e := range p.leases.all() {
		if e.held() {
			yield(a)
		}
	}
	for a := range p.reserved {
		yield(a)
	}
}

// endedNames returns the ended leases that have a name.
func (p *pool) endedNames() []Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	var named []Lease
	for a, e := range p.leases.all() {
		if !e.held() && e.name != "" {
			named = append(named, p.lease(a, e))
		}
	}
	return named
}
