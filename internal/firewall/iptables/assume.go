package iptables

import (
	"context"
	"slices"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Assume takes the state for what an earlier process applied, and applies nothing:
// Check tells what of it is there, and Mend makes the rest.
func (f *Firewall) Assume(ctx context.Context, state firewall.State) error {
	return f.exclusively(ctx, func() error {
		f.state = state
		f.state.Networks = slices.Clone(state.Networks)
		f.wanted = f.rulesets(f.state)
		return nil
	})
}

// Assume is that of a filter, for what was set for the bridges.
func (a *Accepts) Assume(ctx context.Context, bridges []link.Name) error {
	return a.exclusively(ctx, func() error {
		a.wanted = a.rulesets(bridges)
		return nil
	})
}

// rulesets are those of the state.
func (f *Firewall) rulesets(state firewall.State) rulesets {
	return func(ipv6 bool) ruleset { return f.names.rules(state, ipv6) }
}

// rulesets are the same of both families.
func (a *Accepts) rulesets(bridges []link.Name) rulesets {
	return func(bool) ruleset { return a.names.accepts(bridges) }
}
