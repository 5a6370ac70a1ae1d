package ipam

import (
	"cmp"
	"container/heap"
	"net/netip"
)

// mostRemembered is how many ended leases a pool remembers: enough for any name
// that comes back, little enough for a busy /8. Resting ones count, and stay.
const mostRemembered = 1 << 16

// memory is what a pool knows of addresses that were given before: who had them,
// and which ended first. Entries of the queues may be outdated; the leases say
// what holds.
type memory struct {
	// last is the address that each name had last.
	last map[string]netip.Addr
	// plain and asked are the ended leases, the oldest first; asked are those of
	// addresses that were ever asked for by themselves.
	plain, asked queue
}

func newMemory() memory { return memory{last: map[string]netip.Addr{}} }

func (m *memory) keepName(name string, a netip.Addr) {
	if name != "" {
		m.last[name] = a
	}
}

func (m *memory) forgetName(name string, a netip.Addr) {
	if m.last[name] == a {
		delete(m.last, name)
	}
}

func (m *memory) push(a netip.Addr, e entry) {
	if e.asked {
		heap.Push(&m.asked, ended{a, e.ended})
		return
	}
	heap.Push(&m.plain, ended{a, e.ended})
}

// ended is an address and when its lease ended, in Unix seconds.
type ended struct {
	address netip.Addr
	at      uint32
}

// queue is a heap with the lease that ended first at its front. An address may
// come back into it late, after a reservation, so it is not first in, first out.
type queue []ended

// Len is part of heap.Interface.
func (q queue) Len() int { return len(q) }

// Less is part of heap.Interface.
func (q queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), q[i].address.Compare(q[j].address)) < 0
}

// Swap is part of heap.Interface.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is part of heap.Interface.
func (q *queue) Push(e any) { *q = append(*q, e.(ended)) }

// Pop is part of heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
