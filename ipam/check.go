package ipam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// FindingKind says what a check has found.
type FindingKind string

// What a check finds: the first two are differences, the others information.
const (
	// InUseWithoutLease: a link of ours has the address, and the pool in which it
	// lies would give it to another.
	InUseWithoutLease FindingKind = "inUseWithoutLease"
	// LeasedWithoutLink: the lease was left over, or the link was taken away.
	LeasedWithoutLink FindingKind = "leasedWithoutLink"
	// GatewayWithoutBridge: no bridge of ours has the gateway's address. So it is
	// with a bridge that was there before its network, which keeps its own.
	GatewayWithoutBridge FindingKind = "gatewayWithoutBridge"
	// RequestedWithoutLink: asked for by itself, and no endpoint of ours has it. So
	// it is with an --aux-address.
	RequestedWithoutLink FindingKind = "requestedWithoutLink"
	// PoolWithoutNetwork: no network of ours has the pool, so that its leases
	// cannot be checked. So it is where another driver has its addresses from us.
	PoolWithoutNetwork FindingKind = "poolWithoutNetwork"
)

// IsDifference reports whether leases and kernel contradict each other.
func (k FindingKind) IsDifference() bool {
	return k == InUseWithoutLease || k == LeasedWithoutLink
}

// Finding is one thing that a check has found.
type Finding struct {
	Kind       FindingKind  `json:"kind"`
	Difference bool         `json:"difference"`
	Pool       netip.Prefix `json:"pool"`
	// Address is zero where the finding is of a whole pool.
	Address netip.Addr `json:"address"`
	// Who has the address, or had it by the name of its lease, as far as known.
	Who string `json:"who"`
	// Since is when the lease or the pool began; zero where there is no lease.
	Since time.Time `json:"since,omitzero"`
	// Leases is how many a whole pool has.
	Leases int `json:"leases,omitempty"`
}

// secondLook is how much later differences are looked at again: a container that
// starts or stops meanwhile has a lease without a link for a moment.
const secondLook = 3 * time.Second

// Check compares the leases with the addresses that the kernel's links carry.
// Differences are only told if they are still there some seconds later.
func (m *Manager) Check(ctx context.Context) ([]Finding, error) {
	first, err := m.look(ctx)
	if err != nil || !slices.ContainsFunc(first, isDifference) {
		return first, err
	}
	select {
	case <-time.After(secondLook):
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a second look: %w", ctx.Err())
	}
	second, err := m.look(ctx)
	if err != nil {
		return nil, err
	}
	before := map[Finding]bool{}
	for _, f := range first {
		before[f.subject()] = true
	}
	return slices.DeleteFunc(second, func(f Finding) bool { return f.Difference && !before[f.subject()] }), nil
}

func isDifference(f Finding) bool { return f.Difference }

// subject is what stays the same from one look to the next.
func (f Finding) subject() Finding {
	return Finding{Kind: f.Kind, Pool: f.Pool, Address: f.Address, Since: f.Since}
}

// look compares once. The kernel is asked first: a link goes before its lease.
func (m *Manager) look(ctx context.Context) ([]Finding, error) {
	if m.Host == nil {
		return nil, errors.New("comparing leases with the kernel: no access to the host's links")
	}
	inUse, err := m.Host.AddressesInUse(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the addresses that links have: %w", err)
	}
	found := m.unleased(inUse)
	pools, _ := m.openPools()
	for _, p := range pools {
		details, open := p.details(m.moment())
		if !open {
			continue
		}
		_, hasNetwork := m.Networks.NetworkOf(p.Subnet)
		if !hasNetwork {
			found = append(found, Finding{Kind: PoolWithoutNetwork, Pool: p.Subnet, Since: details.Since, Leases: details.Used})
			continue
		}
		for _, view := range details.Addresses {
			if _, used := inUse[view.Address]; view.State == Held && !used {
				found = append(found, m.unused(p.Subnet, view))
			}
		}
	}
	for i := range found {
		found[i].Difference = found[i].Kind.IsDifference()
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(a.Pool.Compare(b.Pool), a.Address.Compare(b.Address))
	})
	return found, nil
}

// unleased returns the addresses of links that our pools would give to another.
func (m *Manager) unleased(inUse map[netip.Addr]string) []Finding {
	var found []Finding
	for a, who := range inUse {
		p := m.poolOf(netip.PrefixFrom(a, a.BitLen()))
		if p == nil || p.enter() != nil {
			continue
		}
		if state := p.lookUp(a, m.moment()).State; state != Held && state != Pending && state != Reserved && state != Unavailable {
			found = append(found, Finding{Kind: InUseWithoutLease, Pool: p.Subnet, Address: a, Who: who})
		}
		p.leave()
	}
	return found
}

// unused is what to make of a lease whose address no link has.
func (m *Manager) unused(pool netip.Prefix, view AddressView) Finding {
	f := Finding{Kind: LeasedWithoutLink, Pool: pool, Address: view.Address, Who: view.Name, Since: view.Since}
	endpoint, hasEndpoint := m.Networks.EndpointOf(view.Address)
	switch {
	case hasEndpoint:
		f.Who = endpoint
	case view.Kind == Gateway.String():
		f.Kind = GatewayWithoutBridge
	case view.Kind == Requested.String():
		f.Kind = RequestedWithoutLink
	}
	return f
}
