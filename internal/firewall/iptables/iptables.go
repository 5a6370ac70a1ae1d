// Package iptables applies a network's rules with the host's iptables, in
// chains of our own. It is the only package that knows go-iptables.
//
// Of what others own it touches three built-in chains, and there only one jump
// at the end, which goes with the last network.
package iptables

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-iptables/iptables"
	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
)

// lockWait is how many seconds iptables waits for the xtables lock.
const lockWait = 5

// defaultInstance is the instance whose chains carry no suffix.
const defaultInstance = "mybridge"

// Firewall applies rules. Its methods may be called concurrently.
type Firewall struct {
	ipv4   *iptables.IPTables
	ipv6   *iptables.IPTables
	chains chains
	// one serialises changes: each is several commands.
	one *semaphore.Weighted
	// missingIPv6 says why ipv6 is nil.
	missingIPv6 error
}

// Open finds the host's iptables. Instances of other names have chains of
// their own, told apart by a hash of the name, as a chain's name is too short
// for the name itself.
func Open(instance string) (*Firewall, error) {
	suffix := ""
	if instance != defaultInstance {
		sum := sha256.Sum256([]byte(instance))
		suffix = "-" + hex.EncodeToString(sum[:])[:7]
	}
	ipv4, err := iptables.New(iptables.Timeout(lockWait))
	if err != nil {
		return nil, fmt.Errorf("finding iptables: %w", err)
	}
	f := &Firewall{ipv4: ipv4, chains: newChains(suffix), one: semaphore.NewWeighted(1)}
	f.ipv6, f.missingIPv6 = openIPv6()
	return f, nil
}

// openIPv6 fails where the program is missing, and where the kernel has no IPv6:
// then it is there and cannot be used.
func openIPv6() (*iptables.IPTables, error) {
	ipv6, err := iptables.New(iptables.IPFamily(iptables.ProtocolIPv6), iptables.Timeout(lockWait))
	if err != nil {
		return nil, err
	}
	if _, err := ipv6.ListChains("filter"); err != nil {
		return nil, err
	}
	return ipv6, nil
}

// Ensure adds what is missing of the network's rules.
func (f *Firewall) Ensure(ctx context.Context, network firewall.Network) error {
	return f.exclusively(ctx, func() error {
		for _, subnet := range network.Subnets {
			tables, err := f.tables(subnet.Addr().Is6())
			if err != nil {
				return err
			}
			if err := ensureRules(ctx, tables, f.chains.rules(network, subnet)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove deletes the network's rules, and the chains that are empty then.
func (f *Firewall) Remove(ctx context.Context, network firewall.Network) error {
	return f.exclusively(ctx, func() error {
		var failures []error
		for _, subnet := range network.Subnets {
			tables, err := f.tables(subnet.Addr().Is6())
			if err != nil {
				continue // then no rule of that family was ever made
			}
			for _, r := range f.chains.rules(network, subnet) {
				failures = append(failures, removeRule(tables, r))
			}
			failures = append(failures, f.removeEmptyChains(tables))
		}
		return errors.Join(failures...)
	})
}

// Restore makes our chains hold the rules of these networks and no others,
// leaving in place those that are there: connections do not notice.
func (f *Firewall) Restore(ctx context.Context, networks []firewall.Network) error {
	return f.exclusively(ctx, func() error {
		for _, ipv6 := range []bool{false, true} {
			tables, err := f.tables(ipv6)
			rules := f.familyRules(networks, ipv6)
			if err != nil && len(rules) == 0 {
				continue
			}
			if err != nil {
				return err
			}
			if err := f.removeOthers(tables, rules); err != nil {
				return err
			}
			if err := ensureRules(ctx, tables, rules); err != nil {
				return err
			}
			if err := f.removeEmptyChains(tables); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Firewall) familyRules(networks []firewall.Network, ipv6 bool) []rule {
	var rules []rule
	for _, network := range networks {
		for _, subnet := range network.Subnets {
			if subnet.Addr().Is6() == ipv6 {
				rules = append(rules, f.chains.rules(network, subnet)...)
			}
		}
	}
	return rules
}

func (f *Firewall) exclusively(ctx context.Context, change func() error) error {
	if err := f.one.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for another change of the rules: %w", err)
	}
	defer f.one.Release(1)
	if err := change(); err != nil {
		return fmt.Errorf("changing iptables rules: %w", err)
	}
	return nil
}

func (f *Firewall) tables(ipv6 bool) (*iptables.IPTables, error) {
	if !ipv6 {
		return f.ipv4, nil
	}
	if f.ipv6 == nil {
		return nil, fmt.Errorf("using ip6tables: %w", f.missingIPv6)
	}
	return f.ipv6, nil
}

// ensureRules adds the rules that are missing, with their chains and the jumps.
func ensureRules(ctx context.Context, tables *iptables.IPTables, rules []rule) error {
	present := map[chain][]string{}
	for _, r := range rules {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, known := present[r.chain]; !known {
			if err := ensureChain(tables, r.chain); err != nil {
				return err
			}
			lines, err := tables.List(r.table, r.name)
			if err != nil {
				return err
			}
			present[r.chain] = lines
		}
		if slices.Contains(present[r.chain], r.line()) {
			continue
		}
		if err := tables.Append(r.table, r.name, r.words...); err != nil {
			return err
		}
	}
	return nil
}

func ensureChain(tables *iptables.IPTables, c chain) error {
	exists, err := tables.ChainExists(c.table, c.name)
	if err != nil {
		return err
	}
	if !exists {
		if err := tables.NewChain(c.table, c.name); err != nil {
			return err
		}
	}
	return tables.AppendUnique(c.table, c.builtin, "-j", c.name)
}

func removeRule(tables *iptables.IPTables, r rule) error {
	exists, err := tables.ChainExists(r.table, r.name)
	if err != nil || !exists {
		return err
	}
	return tables.DeleteIfExists(r.table, r.name, r.words...)
}

// removeOthers deletes from our chains what is not among the rules.
func (f *Firewall) removeOthers(tables *iptables.IPTables, rules []rule) error {
	for _, c := range f.chains.all() {
		lines, err := list(tables, c)
		if err != nil {
			return err
		}
		for _, line := range lines {
			wanted := slices.ContainsFunc(rules, func(r rule) bool { return r.chain == c && r.line() == line })
			if wanted {
				continue
			}
			if err := tables.Delete(c.table, c.name, strings.Fields(line)[2:]...); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEmptyChains deletes our chains that hold no rule, their jumps first.
func (f *Firewall) removeEmptyChains(tables *iptables.IPTables) error {
	for _, c := range f.chains.all() {
		exists, err := tables.ChainExists(c.table, c.name)
		if err != nil {
			return err
		}
		lines, err := list(tables, c)
		if err != nil {
			return err
		}
		if !exists || len(lines) > 0 {
			continue
		}
		if err := tables.DeleteIfExists(c.table, c.builtin, "-j", c.name); err != nil {
			return err
		}
		if err := tables.DeleteChain(c.table, c.name); err != nil {
			return err
		}
	}
	return nil
}

// list returns the rules of the chain as iptables prints them; none where there
// is no chain.
func list(tables *iptables.IPTables, c chain) ([]string, error) {
	exists, err := tables.ChainExists(c.table, c.name)
	if err != nil || !exists {
		return nil, err
	}
	lines, err := tables.List(c.table, c.name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "-A ") }), nil
}

// line is the rule as iptables prints it.
func (r rule) line() string { return "-A " + r.name + " " + strings.Join(r.words, " ") }
