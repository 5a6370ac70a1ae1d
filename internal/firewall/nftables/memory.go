package nftables

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/google/nftables"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// network is what is remembered of a network: what it is, and what it became.
type network struct {
	firewall.Network
	elements  []element
	leaving   []chain
	endpoints map[string]endpoint
}

type endpoint struct {
	firewall.Endpoint
	elements []element
}

func newNetwork(n firewall.Network, endpoints []firewall.Endpoint) *network {
	made := &network{
		Network: n, elements: networkElements(n), leaving: leavingChains(n),
		endpoints: make(map[string]endpoint, len(endpoints)),
	}
	for _, e := range endpoints {
		made.endpoints[e.ID] = endpoint{e, endpointElements(n, e)}
	}
	return made
}

// states are the network's endpoints, also of no network.
func (n *network) states() []firewall.Endpoint {
	if n == nil {
		return nil
	}
	var states []firewall.Endpoint
	for _, e := range n.endpoints {
		states = append(states, e.Endpoint)
	}
	return states
}

// difference is what one network has and the other has not, and the reverse, in
// whole owners: the network and each endpoint.
func difference(before, after network) (taken, given []element) {
	if !slices.Equal(before.elements, after.elements) {
		taken, given = slices.Clone(before.elements), slices.Clone(after.elements)
	}
	for id, e := range before.endpoints {
		if !slices.Equal(e.elements, after.endpoints[id].elements) {
			taken = append(taken, e.elements...)
		}
	}
	for id, e := range after.endpoints {
		if !slices.Equal(e.elements, before.endpoints[id].elements) {
			given = append(given, e.elements...)
		}
	}
	return taken, given
}

// memory is what the kernel was last told.
type memory struct {
	networks map[string]*network
	engine   []link.Name
	// owners counts how many networks and endpoints have an element.
	owners map[element]int
	// standing are the tables that were made.
	standing tables
}

func newMemory() *memory {
	return &memory{networks: map[string]*network{}, owners: map[element]int{}}
}

// copy is for looking at what is remembered while it changes.
func (m *memory) copy() *memory {
	copied := *m
	copied.networks, copied.owners = maps.Clone(m.networks), maps.Clone(m.owners)
	return &copied
}

// step is what a change of the memory means for the kernel. The elements are
// sorted.
type step struct {
	added, removed []element
	// chains are set, and obsolete ones removed.
	chains, obsolete []chain
}

// replace puts a network into the place of the one it was before; either may be nil.
func (m *memory) replace(before, after *network) step {
	var old, fresh network
	if before != nil {
		old = *before
		delete(m.networks, old.ID)
	}
	if after != nil {
		fresh = *after
		m.networks[fresh.ID] = after
	}
	s := m.exchange(difference(old, fresh))
	if !reflect.DeepEqual(old.leaving, fresh.leaving) {
		s.chains = fresh.leaving
	}
	if len(fresh.leaving) == 0 {
		s.obsolete = old.leaving
	}
	return s
}

// setEndpoint puts an endpoint of a network into the place of the one it was before;
// nil stands for none. It returns that one. What it takes does not grow with the
// network.
func (m *memory) setEndpoint(n *network, id string, after *endpoint) (s step, before *endpoint) {
	var taken, given []element
	if e, known := n.endpoints[id]; known {
		before, taken = &e, e.elements
	}
	delete(n.endpoints, id)
	if after != nil {
		n.endpoints[id], given = *after, after.elements
	}
	if slices.Equal(taken, given) {
		return step{}, before
	}
	return m.exchange(taken, given), before
}

// setEngine puts the engine's bridges into the place of those before.
func (m *memory) setEngine(bridges []link.Name) step {
	s := m.exchange(engineElements(m.engine), engineElements(bridges))
	m.engine = bridges
	return s
}

// exchange takes elements from an owner and gives it others. An element comes
// with its first owner and goes with its last.
func (m *memory) exchange(taken, given []element) step {
	difference := map[element]int{}
	for _, e := range taken {
		difference[e]--
	}
	for _, e := range given {
		difference[e]++
	}
	var s step
	for e, more := range difference {
		before, after := m.owners[e], m.owners[e]+more
		m.owners[e] = after
		if after == 0 {
			delete(m.owners, e)
		}
		switch {
		case before == 0 && after > 0:
			s.added = append(s.added, e)
		case before > 0 && after == 0:
			s.removed = append(s.removed, e)
		}
	}
	slices.SortFunc(s.added, compareElements)
	slices.SortFunc(s.removed, compareElements)
	return s
}

// everything is the step from nothing to what is remembered.
func (m *memory) everything() step {
	return step{added: slices.SortedFunc(maps.Keys(m.owners), compareElements), chains: m.leaving()}
}

// leaving are the chains of all networks for what leaves them.
func (m *memory) leaving() []chain {
	var chains []chain
	byID := func(a, b *network) int { return cmp.Compare(a.ID, b.ID) }
	for _, n := range slices.SortedFunc(maps.Values(m.networks), byID) {
		chains = append(chains, n.leaving...)
	}
	return chains
}

// chains are those of the table, those of networks included.
func (m *memory) chains(fixed table) []chain {
	if fixed.family != nftables.TableFamilyINet {
		return fixed.chains
	}
	return slices.Concat(fixed.chains, m.leaving())
}

// count is how many elements each set has.
func (m *memory) count() map[*set]int {
	counts := map[*set]int{}
	for e := range m.owners {
		counts[e.set]++
	}
	return counts
}

// bridges are those of all networks, in any order. On a bridge that was there before, and
// has no subnet of ours, what passes is not ours to say.
func (m *memory) bridges() []link.Name {
	var bridges []link.Name
	for _, n := range m.networks {
		if len(n.Subnets) > 0 || !n.Foreign {
			bridges = append(bridges, n.Bridge)
		}
	}
	return bridges
}
