package iptables

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sync/semaphore"

	"mybridge/internal/fault"
	"mybridge/internal/firewall"
)

// tables are those of both families, as far as they can be used.
type tables struct {
	names    names
	families []*family
	// missingIPv6 says why there is no IPv6 family.
	missingIPv6 error
	// one serialises changes: each compares, then changes.
	one *semaphore.Weighted
	// wanted is what was last applied.
	wanted rulesets

	transactions firewall.TransactionCounter
}

// rulesets are the rules of each family.
type rulesets func(ipv6 bool) ruleset

// open takes the programs of that variant.
func open(instance, variant string) (*tables, error) {
	nothing := func(bool) ruleset { return ruleset{} }
	t := &tables{names: newNames(instance), one: semaphore.NewWeighted(1), wanted: nothing}
	ipv4, err := findProgram(variant, false)
	if err != nil {
		return nil, fmt.Errorf("finding iptables: %w", err)
	}
	t.families = append(t.families, &family{program: ipv4, names: t.names, run: run, transactions: &t.transactions})
	ipv6, missing := findProgram(variant, true)
	if missing == nil {
		t.families = append(t.families, &family{ipv6: true, program: ipv6, names: t.names, run: run, transactions: &t.transactions})
	}
	t.missingIPv6 = missing
	return t, nil
}

// canHold fails for a network with an IPv6 subnet where IPv6 cannot be used.
func (t *tables) canHold(state firewall.State) error {
	if t.missingIPv6 == nil {
		return nil
	}
	for _, network := range state.Networks {
		for _, subnet := range network.Subnets {
			if subnet.Prefix.Addr().Is6() {
				return fmt.Errorf("using ip6tables for %s: %w", subnet.Prefix, t.missingIPv6)
			}
		}
	}
	return nil
}

// doubt makes the next change look at what is there.
func (t *tables) doubt() {
	for _, f := range t.families {
		f.known = nil
	}
}

// apply makes our rules of each family those wanted. For the lock it waits once.
func (t *tables) apply(ctx context.Context, wanted rulesets) error {
	var failures []error
	for _, f := range t.families {
		err := f.apply(ctx, wanted(f.ipv6))
		failures = append(failures, err)
		if errors.Is(err, errLocked) {
			break
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	t.wanted = wanted
	return nil
}

// Transactions is how often rules of either family were changed.
func (t *tables) Transactions() firewall.Transactions { return t.transactions.Transactions() }

func (t *tables) exclusively(ctx context.Context, change func() error) error {
	if err := t.one.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for another change of the rules: %w", err)
	}
	defer t.one.Release(1)
	if err := change(); err != nil {
		return fmt.Errorf("using iptables: %w", err)
	}
	return nil
}

// family is the tables of IPv4 or IPv6.
type family struct {
	ipv6    bool
	program string
	names   names
	run     runner
	// known is what is there of ours, nil where that is in doubt.
	known ruleset
	// transactions counts those of all families.
	transactions *firewall.TransactionCounter
}

// apply makes our rules those wanted, where they are not. Where what is known is
// not so any more, as somebody else has changed our chains, it looks and tries once
// more.
func (f *family) apply(ctx context.Context, wanted ruleset) error {
	fromMemory := f.known != nil
	err := f.applyOnce(ctx, wanted)
	if err != nil && fromMemory && ctx.Err() == nil && !errors.Is(err, errLocked) {
		return f.applyOnce(ctx, wanted)
	}
	return err
}

func (f *family) applyOnce(ctx context.Context, wanted ruleset) error {
	accepts := chain{"filter", "FORWARD"}
	// Where the jump to our accepts goes depends on what others have there now.
	if len(f.known[accepts]) == 0 && len(wanted[accepts]) > 0 {
		f.known = nil
	}
	behind := 0
	if f.known == nil {
		saved, err := f.run(ctx, "", f.program+"-save")
		if err != nil {
			return err
		}
		f.known, behind = f.names.parse(saved), closing(saved)
	}
	input := f.names.difference(f.known, wanted)
	if input == "" {
		return nil
	}
	// What fails half-way has changed some tables.
	f.known = nil
	if err := f.restore(ctx, f.names.placed(input, behind)); err != nil {
		return err
	}
	f.known = wanted
	return nil
}

// restore changes rules by the input of iptables-restore.
func (f *family) restore(ctx context.Context, input string) error {
	if err := fault.Point("iptables.restore"); err != nil {
		return err
	}
	_, err := f.run(ctx, input, f.program+"-restore", "--noflush", "--wait", strconv.Itoa(lockWait))
	f.transactions.Count(err)
	if err != nil {
		return err
	}
	return fault.Point("iptables.restored")
}
