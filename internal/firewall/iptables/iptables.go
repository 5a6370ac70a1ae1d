// Package iptables makes what package firewall says with the host's iptables, in
// chains of our own. It is for hosts without nf_tables, and for the accepts that
// others' drops in iptables make necessary where the rules are elsewhere.
//
// One function turns the whole state into the rules that are wanted, always in
// the same order. A change compares them with those that are there and gives
// iptables-restore the difference, in one run for each family: what is right
// stays in place, so connections do not notice.
//
// Of what others own it touches built-in chains only, and in each only one jump at
// its end, which goes with the last rule behind it.
package iptables

import (
	"context"
	"fmt"
	"slices"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Firewall applies rules. Its methods may be called concurrently.
type Firewall struct {
	*tables
	// state is what was last applied.
	state firewall.State
}

// Open finds the host's iptables. Instances of other names have chains of their
// own.
func Open(instance string) (*Firewall, error) {
	tables, err := open(instance, chooseVariant())
	if err != nil {
		return nil, err
	}
	return &Firewall{tables: tables}, nil
}

// SetNetwork puts the network's rules in place, in the place of those it had. Its
// endpoints keep theirs.
func (f *Firewall) SetNetwork(ctx context.Context, network firewall.Network) error {
	return f.change(ctx, func(state *firewall.State) error {
		if i := indexNetwork(*state, network.ID); i >= 0 {
			state.Networks[i].Network = network
			return nil
		}
		state.Networks = append(state.Networks, firewall.NetworkState{Network: network})
		return nil
	})
}

// RemoveNetwork takes the rules of the network and its endpoints away, and with
// the last network all else that is ours.
func (f *Firewall) RemoveNetwork(ctx context.Context, network string) error {
	return f.change(ctx, func(state *firewall.State) error {
		if i := indexNetwork(*state, network); i >= 0 {
			state.Networks = slices.Delete(state.Networks, i, i+1)
		}
		return nil
	})
}

// Sweep does nothing: with the last network all of our rules have gone.
func (f *Firewall) Sweep(context.Context) error { return nil }

// SetEndpoint puts the endpoint's rules in place, in the place of those it had.
// It fails where the network was not set.
func (f *Firewall) SetEndpoint(ctx context.Context, network string, endpoint firewall.Endpoint) error {
	return f.change(ctx, func(state *firewall.State) error {
		i := indexNetwork(*state, network)
		if i < 0 {
			return fmt.Errorf("network %s of endpoint %s has no rules", network, endpoint.ID)
		}
		state.Networks[i].Endpoints = append(without(state.Networks[i].Endpoints, endpoint.ID), endpoint)
		return nil
	})
}

// RemoveEndpoint takes the endpoint's rules away.
func (f *Firewall) RemoveEndpoint(ctx context.Context, network, endpoint string) error {
	return f.change(ctx, func(state *firewall.State) error {
		if i := indexNetwork(*state, network); i >= 0 {
			state.Networks[i].Endpoints = without(state.Networks[i].Endpoints, endpoint)
		}
		return nil
	})
}

// SetEngineBridges makes these the bridges that networks do not reach, in the
// place of those set before.
func (f *Firewall) SetEngineBridges(ctx context.Context, bridges []link.Name) error {
	return f.change(ctx, func(state *firewall.State) error {
		state.EngineBridges = slices.Clone(bridges)
		return nil
	})
}

// Restore makes our rules those of the state, and no others, whatever is there
// now.
func (f *Firewall) Restore(ctx context.Context, state firewall.State) error {
	return f.change(ctx, func(next *firewall.State) error {
		f.doubt()
		*next = state
		next.Networks = slices.Clone(state.Networks)
		return nil
	})
}

// change applies the state that edit makes of the present one. One that fails
// leaves the present one as what the next change starts from.
func (f *Firewall) change(ctx context.Context, edit func(*firewall.State) error) error {
	return f.exclusively(ctx, func() error {
		next := f.state
		next.Networks = slices.Clone(next.Networks)
		if err := edit(&next); err != nil {
			return err
		}
		if err := f.canHold(next); err != nil {
			return err
		}
		err := f.apply(ctx, f.rulesets(next))
		if err != nil {
			return err
		}
		f.state = next
		return nil
	})
}

func indexNetwork(state firewall.State, id string) int {
	return slices.IndexFunc(state.Networks, func(n firewall.NetworkState) bool { return n.ID == id })
}

// without leaves the slice it is given as it is: the present state shares it.
func without(endpoints []firewall.Endpoint, id string) []firewall.Endpoint {
	return slices.DeleteFunc(slices.Clone(endpoints), func(e firewall.Endpoint) bool { return e.ID == id })
}
