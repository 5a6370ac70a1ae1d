package ipam

import (
	"container/heap"
	"fmt"
	"math"
	"net/netip"
)

// whenever is later than any lease ended, also by a clock that was set back since.
const whenever = math.MaxUint32

// moment is when a lease ended, in Unix seconds, that has just rested by now.
type moment uint32

// choose takes a dynamic address and leaves it pending: the one that the name
// had last; else one that was never given; else the one whose lease ended first,
// those still resting and those that were ever asked for by themselves last.
func (p *pool) choose(name string, at moment) (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doubt != "" {
		return netip.Addr{}, fmt.Errorf("pool %s: %w: %s; it does when the engine has answered which are in use, or after 'mybridge ipam trust'", p.Subnet, ErrDoubtful, p.doubt)
	}
	if a, known := p.memory.last[name]; known && p.Range.Contains(a) && p.refusal(a) == nil {
		p.hold(a)
		return a, nil
	}
	if a, found := p.fresh(name); found {
		p.hold(a)
		return a, nil
	}
	for _, choice := range []struct {
		from  *queue
		until uint32
	}{{&p.memory.plain, uint32(at)}, {&p.memory.asked, uint32(at)}, {&p.memory.plain, whenever}, {&p.memory.asked, whenever}} {
		if a, found := p.oldest(choice.from, choice.until); found {
			p.hold(a)
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("range %s of pool %s: %w: all are leased or reserved", p.Range, p.Subnet, ErrExhausted)
}

// fresh returns an address that was never given or has been forgotten.
func (p *pool) fresh(name string) (netip.Addr, bool) {
	if p.taken == nil {
		return p.derive(name)
	}
	n, found := p.taken.NextFree(p.cursor, p.end)
	if !found {
		n, found = p.taken.NextFree(p.first, p.cursor)
	}
	if !found {
		return netip.Addr{}, false
	}
	p.cursor = n + 1
	return plus(p.base, n), true
}

// oldest takes from the queue the address whose lease ended first, if that was
// no later than until.
func (p *pool) oldest(from *queue, until uint32) (netip.Addr, bool) {
	for from.Len() > 0 {
		front := (*from)[0]
		e, known := p.leases.get(front.address)
		current := known && e.ended == front.at && e.asked == (from == &p.memory.asked) && p.refusal(front.address) == nil && p.Range.Contains(front.address)
		if current && front.at > until {
			return netip.Addr{}, false
		}
		heap.Pop(from)
		if current {
			return front.address, true
		}
	}
	return netip.Addr{}, false
}

// chooseGateway takes the lowest address of the subnet that is free.
func (p *pool) chooseGateway() (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a := p.Subnet.Addr(); p.Subnet.Contains(a); a = a.Next() {
		if p.refusal(a) == nil {
			p.hold(a)
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("pool %s: %w for the gateway", p.Subnet, ErrExhausted)
}

// mostForgotten is how many leases are forgotten in one go.
const mostForgotten = 256

// startForgetting makes the oldest ended leases pending where there are more
// than a pool remembers; those that rest are not among them, nor those that
// were ever asked for.
func (p *pool) startForgetting(at moment) []netip.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	var forgotten []netip.Addr
	for p.forgettable-len(forgotten) > mostRemembered && len(forgotten) < mostForgotten {
		a, found := p.oldest(&p.memory.plain, uint32(at))
		if !found {
			break
		}
		p.pending[a] = true
		forgotten = append(forgotten, a)
	}
	return forgotten
}

// forget ends what startForgetting began.
func (p *pool) forget(addresses []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range addresses {
		delete(p.pending, a)
		e, _ := p.leases.get(a)
		p.memory.forgetName(e.name, a)
		p.tally(e, -1)
		p.leases.remove(a)
		p.free(a)
	}
}
