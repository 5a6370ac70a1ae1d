package ipam

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// MostFree is the largest number of free addresses that a PoolView tells; a pool
// that has more says this. It is the largest integer that every reader of JSON
// keeps as it is (RFC 8259 §6).
const MostFree = 1<<53 - 1

// PoolView is a pool as people see it, or a subnet of no pool in which addresses
// are reserved: then ID is empty and Range is zero.
type PoolView struct {
	ID     PoolID       `json:"id"`
	Subnet netip.Prefix `json:"subnet"`
	// Network is the one of this driver that has the pool, empty where none has.
	Network string       `json:"network"`
	Range   netip.Prefix `json:"range"`
	Since   time.Time    `json:"since,omitzero"`
	// Used is the number of leases, the gateway's among them.
	Used int `json:"used"`
	// Free is how many addresses of the range are neither used nor resting nor
	// reserved, at most MostFree.
	Free uint64 `json:"free"`
	// Resting addresses are given only where none is free.
	Resting  int `json:"resting"`
	Reserved int `json:"reserved"`
	// Doubt says why the pool gives no dynamic address, empty where it does.
	Doubt string `json:"doubt,omitempty"`
}

// PoolDetails is a pool with what is known of its addresses.
type PoolDetails struct {
	PoolView
	Addresses []AddressView `json:"addresses"`
}

// Pools returns all pools, and the subnets of reservations outside of them, by
// subnet. A pool that is being made or released is not among them.
func (m *Manager) Pools() []PoolView {
	pools, outside := m.openPools()
	views := make([]PoolView, 0, len(pools)+len(outside))
	at := m.moment()
	for _, p := range pools {
		if view, open := p.view(at); open {
			view.Network, _ = m.Networks.NetworkOf(view.Subnet)
			views = append(views, view)
		}
	}
	for subnet, reserved := range outside {
		views = append(views, PoolView{Subnet: subnet, Reserved: reserved})
	}
	slices.SortFunc(views, func(a, b PoolView) int {
		return cmp.Or(a.Subnet.Compare(b.Subnet), cmp.Compare(a.ID, b.ID))
	})
	return views
}

// openPools copies the list of pools, and counts the reservations that lie in
// none by the subnet under which they are shown.
func (m *Manager) openPools() (pools []*pool, outside map[netip.Prefix]int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, p := range m.pools {
		pools = append(pools, p)
	}
	outside = map[netip.Prefix]int{}
	for a, r := range m.reservations {
		if m.holder(a) == nil {
			outside[r.Subnet]++
		}
	}
	return pools, outside
}

// Pool returns the pool of the subnet; for a single address, the pool in which
// it lies. It fails with ErrUnknownPool where there is no such pool and no
// reservation under such a subnet.
func (m *Manager) Pool(subnet netip.Prefix) (PoolDetails, error) {
	if p := m.poolOf(subnet); p != nil {
		if details, open := p.details(m.moment()); open {
			details.Network, _ = m.Networks.NetworkOf(details.Subnet)
			m.complete(details.Addresses)
			return details, nil
		}
	}
	details := PoolDetails{PoolView: PoolView{Subnet: subnet}}
	for _, r := range m.reservationsUnder(subnet) {
		details.Subnet = r.Subnet
		details.Addresses = append(details.Addresses, reservedView(r))
	}
	if details.Reserved = len(details.Addresses); details.Reserved == 0 {
		return PoolDetails{}, fmt.Errorf("pool %s: %w ('mybridge ipam ls' lists them)", subnet, ErrUnknownPool)
	}
	sortAddresses(details.Addresses)
	return details, nil
}

// poolOf returns the pool with exactly this subnet, or in which this single
// address lies.
func (m *Manager) poolOf(subnet netip.Prefix) *pool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if p := m.holder(subnet.Addr()); p != nil && (p.Subnet == subnet || subnet.IsSingleIP()) {
		return p
	}
	return nil
}

// reservationsUnder returns those that lie in no pool and are shown under the
// subnet, or under that of the single address.
func (m *Manager) reservationsUnder(subnet netip.Prefix) []Reservation {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r, reserved := m.reservations[subnet.Addr()]; reserved && subnet.IsSingleIP() {
		subnet = r.Subnet
	}
	var under []Reservation
	for a, r := range m.reservations {
		if r.Subnet == subnet && m.holder(a) == nil {
			under = append(under, r)
		}
	}
	return under
}

// view is the pool without its network; false where the pool is not open.
func (p *pool) view(at moment) (view PoolView, open bool) {
	if p.enter() != nil {
		return PoolView{}, false
	}
	defer p.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count(at), true
}

// details also copies the addresses, in any order.
func (p *pool) details(at moment) (details PoolDetails, open bool) {
	if p.enter() != nil {
		return PoolDetails{}, false
	}
	defer p.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolDetails{p.count(at), p.addressViews(at)}, true
}

// ParsePool returns the subnet of the pool that s names: by the subnet, by the
// pool's ID, or by an address in it, which comes back as a single address. The
// field's name goes into the error.
func ParsePool(field, s string) (netip.Prefix, error) {
	if a, err := ParseAddress(field, s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	subnet := s
	if space, rest, found := strings.Cut(s, "/"); found {
		if _, err := ParseAddressSpace(space); err == nil {
			subnet = rest
		}
	}
	if _, err := netip.ParsePrefix(subnet); err != nil {
		return netip.Prefix{}, fmt.Errorf("%s %q is not a pool: allowed is a subnet such as 192.168.0.0/24, an address in it, or a pool's ID", field, s)
	}
	return ParseSubnet(field, subnet)
}
