package firewall

import (
	"context"
	"errors"

	"mybridge/internal/health"
	"mybridge/internal/link"
)

// Filter applies what networks and endpoints need, as package driver says.
type Filter interface {
	SetNetwork(ctx context.Context, network Network) error
	RemoveNetwork(ctx context.Context, network string) error
	Sweep(ctx context.Context) error
	SetEndpoint(ctx context.Context, network string, endpoint Endpoint) error
	RemoveEndpoint(ctx context.Context, network, endpoint string) error
	Restore(ctx context.Context, state State) error
	// SetEngineBridges says which bridges are the engine's own, in the place of
	// those said before.
	SetEngineBridges(ctx context.Context, bridges []link.Name) error
	// Check compares the kernel's rules with what should be there, and changes
	// nothing.
	Check(ctx context.Context) ([]health.Finding, error)
	// Mend makes missing rules again, byte-equal to the first ones, and returns
	// what it found wrong. What is right stays in place.
	Mend(ctx context.Context) ([]health.Finding, error)
	// Watch calls changed when it begins, and after somebody else changed rules on
	// the host, whosever they are, until ctx is done or the watch is lost. Changed
	// may be called by several goroutines at once.
	Watch(ctx context.Context, changed func()) error
	// Assume takes the state for what an earlier process applied, and applies
	// nothing: Check and Mend then go by it.
	Assume(ctx context.Context, state State) error
	// Transactions is how often rules were changed.
	Transactions() Transactions
}

// together is two filters as one: each has its part of the rules.
type together [2]Filter

// Together returns a filter that has both do what they can.
func Together(first, second Filter) Filter { return together{first, second} }

// SetNetwork has both put the network's rules in place.
func (t together) SetNetwork(ctx context.Context, network Network) error {
	return errors.Join(t[0].SetNetwork(ctx, network), t[1].SetNetwork(ctx, network))
}

// RemoveNetwork has both take the network's rules away.
func (t together) RemoveNetwork(ctx context.Context, network string) error {
	return errors.Join(t[0].RemoveNetwork(ctx, network), t[1].RemoveNetwork(ctx, network))
}

// Sweep has both take away what networks share, where there is none.
func (t together) Sweep(ctx context.Context) error {
	return errors.Join(t[0].Sweep(ctx), t[1].Sweep(ctx))
}

// SetEndpoint has both put the endpoint's rules in place.
func (t together) SetEndpoint(ctx context.Context, network string, endpoint Endpoint) error {
	return errors.Join(t[0].SetEndpoint(ctx, network, endpoint), t[1].SetEndpoint(ctx, network, endpoint))
}

// RemoveEndpoint has both take the endpoint's rules away.
func (t together) RemoveEndpoint(ctx context.Context, network, endpoint string) error {
	return errors.Join(t[0].RemoveEndpoint(ctx, network, endpoint), t[1].RemoveEndpoint(ctx, network, endpoint))
}

// Restore has both make their rules those of the state.
func (t together) Restore(ctx context.Context, state State) error {
	return errors.Join(t[0].Restore(ctx, state), t[1].Restore(ctx, state))
}

// SetEngineBridges tells both.
func (t together) SetEngineBridges(ctx context.Context, bridges []link.Name) error {
	return errors.Join(t[0].SetEngineBridges(ctx, bridges), t[1].SetEngineBridges(ctx, bridges))
}

// Check joins what both find.
func (t together) Check(ctx context.Context) ([]health.Finding, error) {
	findings, err := t[0].Check(ctx)
	others, otherErr := t[1].Check(ctx)
	return append(findings, others...), errors.Join(err, otherErr)
}

// Mend has both mend what they find.
func (t together) Mend(ctx context.Context) ([]health.Finding, error) {
	findings, err := t[0].Mend(ctx)
	others, otherErr := t[1].Mend(ctx)
	return append(findings, others...), errors.Join(err, otherErr)
}

// Watch has both watch.
func (t together) Watch(ctx context.Context, changed func()) error {
	return WatchAll(ctx, changed, t[0].Watch, t[1].Watch)
}

// Assume tells both.
func (t together) Assume(ctx context.Context, state State) error {
	return errors.Join(t[0].Assume(ctx, state), t[1].Assume(ctx, state))
}

// Transactions is the sum of both.
func (t together) Transactions() Transactions {
	return t[0].Transactions().Add(t[1].Transactions())
}
