package ipam

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Explanation says why an address is given or not.
type Explanation struct {
	Address netip.Addr `json:"address"`
	// Pool is the subnet in which the address lies, zero where no pool has it.
	Pool  netip.Prefix `json:"pool"`
	State AddressState `json:"state"`
	// Given says whether a dynamic request would be able to get the address, be
	// it as the last of all.
	Given bool `json:"given"`
	// Reason is the same in a few sentences.
	Reason string `json:"reason"`
}

// Explain says why an address is given or not.
func (m *Manager) Explain(address netip.Addr) Explanation {
	p := m.poolOf(netip.PrefixFrom(address, address.BitLen()))
	if p != nil && p.enter() == nil {
		defer p.leave()
		return m.explain(p, address)
	}
	reasons := []string{"No pool of this plugin holds it, so it is given to nobody."}
	if r, reserved := m.reservation(address); reserved {
		reasons = append(reasons, reservedReason(r))
	}
	return Explanation{Address: address, State: Outside, Reason: strings.Join(reasons, " ")}
}

func (m *Manager) reservation(a netip.Addr) (Reservation, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, reserved := m.reservations[a]
	return r, reserved
}

// explain is Explain for an address of a pool that was entered.
func (m *Manager) explain(p *pool, a netip.Addr) Explanation {
	p.mu.Lock()
	view, doubt, special := p.addressView(a, m.moment()), p.doubt, p.special(a)
	p.mu.Unlock()

	var reasons []string
	e := Explanation{Address: a, Pool: p.Subnet, State: view.State}
	switch view.State {
	case Held:
		reasons = m.heldReasons(p, view)
	case Pending:
		reasons = []string{"It is being given or released at this moment: ask again."}
	case Unavailable:
		reasons = []string{fmt.Sprintf("It is %s of its pool, which is given to nobody.", special)}
	case Free, Resting, Remembered:
		var outlook []string
		outlook, e.Given = outlookOf(p.Range, view, doubt, special)
		reasons = append(m.idleReasons(view), outlook...)
	}
	if r, reserved := m.reservation(a); reserved {
		reasons = append(reasons, reservedReason(r))
	}
	e.Reason = strings.Join(reasons, " ")
	return e
}

// heldReasons says who has the address.
func (m *Manager) heldReasons(p *pool, view AddressView) []string {
	network, hasNetwork := m.Networks.NetworkOf(p.Subnet)
	endpoint, hasEndpoint := m.Networks.EndpointOf(view.Address)
	since := timeText(view.Since)
	var named string
	if view.Name != "" {
		named = fmt.Sprintf(" (%s)", view.Name)
	}
	switch {
	case view.Kind == Gateway.String() && hasNetwork:
		return []string{fmt.Sprintf("Held since %s as the gateway of network %s.", since, network)}
	case view.Kind == Gateway.String():
		return []string{fmt.Sprintf("Held since %s as the gateway of a network of another driver, or of one that is gone.", since)}
	case hasEndpoint:
		return []string{fmt.Sprintf("Held since %s by %s%s, %s.", since, endpoint, named, wayOf(view))}
	}
	held := fmt.Sprintf("Held since %s%s, %s, but no endpoint of this driver uses it.", since, named, wayOf(view))
	switch {
	case !hasNetwork:
		return []string{held, "No network of this driver has the pool: a container of another driver may use the address."}
	case view.Kind == Requested.String():
		return []string{held, "An --aux-address is held like this. If it is none, 'mybridge ipam release' ends the lease."}
	}
	return []string{held, "Its container starts or stops at this moment, or the lease was left over: 'mybridge ipam check' tells, 'mybridge ipam release' ends it."}
}

// wayOf says how the address was asked for.
func wayOf(view AddressView) string {
	if view.Kind == Requested.String() {
		return "asked for by its number"
	}
	return "chosen by the plugin"
}

// idleReasons says what was of an address that has no lease.
func (m *Manager) idleReasons(view AddressView) []string {
	var reasons []string
	ended := timeText(view.Since)
	switch view.State {
	case Resting:
		reasons = append(reasons, fmt.Sprintf("Its lease ended at %s, and it rests until %s.", ended, timeText(view.Since.Add(m.ReuseDelay))))
	case Remembered:
		reasons = append(reasons, fmt.Sprintf("Its lease ended at %s, and it has rested.", ended))
	default:
		reasons = append(reasons, "It has no lease, and as far as is known never had one.")
	}
	if endpoint, live := m.Networks.EndpointOf(view.Address); live {
		reasons = append(reasons, fmt.Sprintf("But %s uses it, so it could be given twice: 'mybridge ipam reserve %s' keeps it from that.", endpoint, view.Address))
	}
	return reasons
}

// outlookOf says who can get an address that has no lease, and whether a dynamic
// request can.
func outlookOf(addresses netip.Prefix, view AddressView, doubt, special string) (reasons []string, given bool) {
	known := view.State != Free
	switch {
	case !addresses.Contains(view.Address):
		return []string{fmt.Sprintf("It lies outside the range %s of its pool: only who asks for it with %s gets it.", addresses, flagOf(view.Address))}, false
	case special != "" && !known:
		return []string{fmt.Sprintf("It is %s: only who asks for it with %s gets it.", special, flagOf(view.Address))}, false
	case doubt != "":
		return []string{fmt.Sprintf("Its pool gives no dynamic address now: %s.", doubt)}, false
	case !known:
		return []string{"The next container may get it."}, true
	}
	if view.Name != "" {
		reasons = append(reasons, fmt.Sprintf("It is remembered for %s, which had it last and gets it again.", view.Name))
	}
	switch {
	case view.Asked:
		reasons = append(reasons, fmt.Sprintf("It was asked for with %s once, so others get it last of all.", flagOf(view.Address)))
	case view.State == Resting:
		reasons = append(reasons, "While it rests, others get it only where no other address is left.")
	default:
		reasons = append(reasons, "Others get it when no address is left that nobody had.")
	}
	return reasons, true
}

func reservedReason(r Reservation) string {
	var named string
	if r.Name != "" {
		named = fmt.Sprintf(" for %s", r.Name)
	}
	return fmt.Sprintf("It is reserved%s since %s: nobody gets it until 'mybridge ipam release %s'.", named, timeText(r.Since), r.Address)
}

// flagOf is how a person asks for the address.
func flagOf(a netip.Addr) string {
	if a.Is4() {
		return "--ip"
	}
	return "--ip6"
}

// timeText is the time as people read it, in the host's time zone.
func timeText(t time.Time) string { return t.Local().Format(time.RFC3339) }
