package ipam

import (
	"net/netip"
	"slices"
	"time"
)

// AddressState says what holds for an address at the moment.
type AddressState string

// The states of an address.
const (
	// Held: there is a lease.
	Held AddressState = "held"
	// Reserved: no lease, and given to nobody until a person releases it.
	Reserved AddressState = "reserved"
	// Resting: its lease ended a short while ago.
	Resting AddressState = "resting"
	// Remembered: its lease ended, it has rested, and it is known who had it.
	Remembered AddressState = "remembered"
	// Pending: being given or released while this was asked.
	Pending AddressState = "pending"
	// Free: nobody has it, and as far as is known nobody ever had.
	Free AddressState = "free"
	// Unavailable: it is the subnet's own, given to nobody ever.
	Unavailable AddressState = "unavailable"
	// Outside: no pool has it.
	Outside AddressState = "outside"
)

// AddressView is an address as people see it.
type AddressView struct {
	Address netip.Addr   `json:"address"`
	State   AddressState `json:"state"`
	// Kind says how it was asked for; empty where it never was.
	Kind string `json:"kind,omitempty"`
	// Asked says that it was asked for by itself (--ip) once.
	Asked bool `json:"asked,omitempty"`
	// Reserved is true also for a held address that is reserved as well.
	Reserved bool `json:"reserved,omitempty"`
	// Endpoint is the live one that has it, as its network's driver calls it.
	Endpoint string `json:"endpoint,omitempty"`
	// Name is that of the endpoint that has or had it, else the reservation's.
	Name string `json:"name,omitempty"`
	// Since is when the state began.
	Since time.Time `json:"since,omitzero"`
	// RestsUntil is set while it rests.
	RestsUntil time.Time `json:"restsUntil,omitzero"`
}

// complete adds what others than the pool know, and sorts by address.
func (m *Manager) complete(views []AddressView) {
	for i := range views {
		view := &views[i]
		if view.State == Resting {
			view.RestsUntil = view.Since.Add(m.ReuseDelay)
		}
		view.Endpoint, _ = m.Networks.EndpointOf(view.Address)
		if view.Reserved {
			m.addReservation(view)
		}
	}
	sortAddresses(views)
}

// addReservation adds who reserved the address, and since when, unless somebody
// has it.
func (m *Manager) addReservation(view *AddressView) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.reservations[view.Address]
	if view.State == Reserved {
		view.Since = r.Since.UTC()
	}
	if view.Name == "" || view.State == Reserved && r.Name != "" {
		view.Name = r.Name
	}
}

func sortAddresses(views []AddressView) {
	slices.SortFunc(views, func(a, b AddressView) int { return a.Address.Compare(b.Address) })
}

func reservedView(r Reservation) AddressView {
	return AddressView{Address: r.Address, State: Reserved, Reserved: true, Name: r.Name, Since: r.Since.UTC()}
}

// addressViews returns the addresses that are held, known or reserved, or that
// are being given, in any order; mu is held.
func (p *pool) addressViews(at moment) []AddressView {
	views := make([]AddressView, 0, p.leases.length()+len(p.reserved))
	for a := range p.leases.all() {
		views = append(views, p.addressView(a, at))
	}
	for a := range p.reserved {
		if _, known := p.leases.get(a); !known {
			views = append(views, p.addressView(a, at))
		}
	}
	for a := range p.pending {
		if _, known := p.leases.get(a); !known && !p.reserved[a] {
			views = append(views, p.addressView(a, at))
		}
	}
	return views
}

// addressView is what the pool knows of an address in it; mu is held.
func (p *pool) addressView(a netip.Addr, at moment) AddressView {
	view := AddressView{Address: a, State: Free, Reserved: p.reserved[a]}
	e, known := p.leases.get(a)
	if known {
		view.Kind, view.Asked, view.Name = e.kind.String(), e.asked, e.name
		view.Since = time.Unix(int64(max(e.since, e.ended)), 0).UTC()
	}
	switch {
	case p.pending[a]:
		view.State = Pending
	case known && e.held():
		view.State, view.Since = Held, time.Unix(int64(e.since), 0).UTC()
	case p.reserved[a]:
		view.State = Reserved
	case known && e.ended > uint32(at):
		view.State = Resting
	case known:
		view.State = Remembered
	case isNetworkAddress(p.Subnet, a), isBroadcastAddress(p.Subnet, a):
		view.State = Unavailable
	}
	return view
}
