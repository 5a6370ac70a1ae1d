package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mybridge/internal/health"
	"mybridge/ipam"
)

// AddressManager is the address manager.
type AddressManager interface {
	Check(ctx context.Context) ([]ipam.Finding, error)
	LeaseInUse(ctx context.Context, address netip.Addr) error
	Pools() []ipam.PoolView
}

// Networks knows what goes.
type Networks interface {
	// Leaving returns the addresses of endpoints whose deletion is not finished.
	Leaving(ctx context.Context) (map[netip.Addr]bool, error)
}

// Addresses is the part about leases. Leases that nobody uses are not in it: only the
// engine knows them.
type Addresses struct {
	Manager  AddressManager
	Networks Networks
}

// Check finds addresses in use without a lease, and whether there is doubt.
func (a Addresses) Check(ctx context.Context) ([]health.Finding, error) {
	unleased, err := a.unleased(ctx)
	return append(a.doubts(), findings(unleased)...), err
}

// Mend is Check, and leases again.
func (a Addresses) Mend(ctx context.Context) ([]health.Finding, error) {
	unleased, err := a.unleased(ctx)
	failures := []error{err}
	for _, f := range unleased {
		failures = append(failures, a.Manager.LeaseInUse(ctx, f.Address))
	}
	return append(a.doubts(), findings(unleased)...), errors.Join(failures...)
}

func findings(unleased []ipam.Finding) []health.Finding {
	var findings []health.Finding
	for _, f := range unleased {
		findings = append(findings, health.Finding{
			Part:    health.Addresses,
			Subject: fmt.Sprintf("address %s of pool %s", f.Address, f.Pool),
			Problem: fmt.Sprintf("is in use without a lease, by %s", f.Who),
			Meaning: "it can be given to another container",
			Fix:     "lease it again",
		})
	}
	return findings
}

// unleased leaves out what goes: such an address is given to nobody before it is gone,
// and leased again it would stay so.
func (a Addresses) unleased(ctx context.Context) ([]ipam.Finding, error) {
	found, err := a.Manager.Check(ctx)
	if err != nil {
		return nil, err
	}
	leaving, err := a.Networks.Leaving(ctx)
	var unleased []ipam.Finding
	for _, f := range found {
		if f.Kind == ipam.InUseWithoutLease && !leaving[f.Address] {
			unleased = append(unleased, f)
		}
	}
	return unleased, err
}

// doubts is one finding for all pools: they share their reason.
func (a Addresses) doubts() []health.Finding {
	doubtful, reason := 0, ""
	for _, pool := range a.Manager.Pools() {
		if pool.Doubt != "" {
			doubtful, reason = doubtful+1, pool.Doubt
		}
	}
	if doubtful == 0 {
		return nil
	}
	return []health.Finding{{
		Part:    health.Addresses,
		Subject: fmt.Sprintf("leases of %d pools", doubtful),
		Problem: "may be missing: " + reason,
		Meaning: "these pools give no dynamic address until the engine has told what is in use, or 'mybridge ipam trust' says so",
	}}
}
