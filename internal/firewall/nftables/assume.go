package nftables

import (
	"context"

	"mybridge/internal/firewall"
)

// Assume takes the state for what an earlier process applied, and applies nothing:
// Check tells what of it is there, and Mend makes the rest.
func (f *Firewall) Assume(ctx context.Context, state firewall.State) error {
	return f.exclusively(ctx, func() error {
		f.memory = remembering(state)
		if f.options.Accepts == nil {
			return nil
		}
		return f.options.Accepts.Assume(ctx, f.memory.bridges())
	})
}

// remembering is the memory of who applied the state.
func remembering(state firewall.State) *memory {
	m := newMemory()
	for _, n := range state.Networks {
		m.replace(nil, newNetwork(n.Network, n.Endpoints))
	}
	m.setEngine(state.EngineBridges)
	return m
}
