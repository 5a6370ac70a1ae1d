// Package nftables applies what networks and endpoints need with nf_tables, by
// netlink and without the nft program. It is the only package that knows
// google/nftables.
//
// It touches two tables of its own, one in the family inet and one in the family
// bridge, and looks at no other. Their rules are always the same: networks and
// endpoints are elements of their sets and maps, so what a packet costs does not
// grow with them. Only what leaves a network goes by a small chain of its own.
//
// Every change is one transaction. Where one fails because somebody else removed
// our tables, they are made again from memory, also in one transaction: there is no
// moment with half of the rules.
package nftables

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/semaphore"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
	"mybridge/internal/link"
)

// defaultInstance is the instance whose tables carry no suffix.
const defaultInstance = "mybridge"

// Accepts lets packets of our bridges pass where the host's iptables drops them
// by policy. Its accepts may be broad: what must not pass is dropped here.
type Accepts interface {
	// Set accepts what comes from and goes to the bridges, and nothing else. It
	// is idempotent, and cheap where nothing changes.
	Set(ctx context.Context, bridges []link.Name) error
	// Check, Mend, Watch and Assume are for what was last set what those of
	// firewall.Filter are for a filter.
	Check(ctx context.Context) ([]health.Finding, error)
	Mend(ctx context.Context) ([]health.Finding, error)
	Watch(ctx context.Context, changed func()) error
	Assume(ctx context.Context, bridges []link.Name) error
	// Transactions is how often rules were changed.
	Transactions() firewall.Transactions
}

// Options are what an instance does beyond, or short of, all rules.
type Options struct {
	// Accepts is nil where nothing else filters.
	Accepts Accepts
	// AntispoofOnly leaves all but Antispoof to another back end.
	AntispoofOnly bool
	// Ran reports whether a process is a program that this one ran to change
	// rules: Watch is silent about its changes. Nil where none is run.
	Ran func(process int) bool
}

// Firewall applies rules. Its methods may be called concurrently.
type Firewall struct {
	// name is that of both tables.
	name    string
	options Options
	// one serialises changes: each depends on what the one before left.
	one        *semaphore.Weighted
	connection connection
	// aside is for looking while changes are made, and looking is held by who does.
	aside   connection
	looking *semaphore.Weighted
	memory  *memory
	// intact is false while the kernel may have something other than is
	// remembered: before the first change, and after one that failed.
	intact bool
}

// Open returns the firewall of the calling process's network namespace. It fails
// where the kernel has no nf_tables. Tables that are there stay until the first
// change, best a Restore. Instances of other names have tables of other names.
func Open(instance string, options Options) (*Firewall, error) {
	name := defaultInstance
	if instance != defaultInstance {
		name += "-" + instance
	}
	f := &Firewall{name: name, options: options, one: semaphore.NewWeighted(1), looking: semaphore.NewWeighted(1), memory: newMemory()}
	if err := errors.Join(f.connection.open(), f.aside.open()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.connection.conn.ListTables(); err != nil {
		_ = f.Close() // the first error tells why
		return nil, fmt.Errorf("asking the kernel for its nf_tables: %w", err)
	}
	return f, nil
}

// Close ends the netlink sockets. The rules stay.
func (f *Firewall) Close() error { return errors.Join(f.connection.close(), f.aside.close()) }

// SetNetwork puts the network's rules in place, in the place of those it had. Its
// endpoints keep theirs.
func (f *Firewall) SetNetwork(ctx context.Context, n firewall.Network) error {
	return f.exclusively(ctx, func() error {
		before := f.memory.networks[n.ID]
		if err := f.change(ctx, before, newNetwork(n, before.states())); err != nil {
			return fmt.Errorf("setting network %s: %w", short(n.ID), err)
		}
		return f.accept(ctx, f.memory.bridges())
	})
}

// RemoveNetwork takes the rules of the network and its endpoints away. What is left
// after the last network drops nothing of others'; Sweep takes it away.
func (f *Firewall) RemoveNetwork(ctx context.Context, id string) error {
	return f.exclusively(ctx, func() error {
		before, known := f.memory.networks[id]
		if !known {
			return nil
		}
		// First, as without our drops they are too broad.
		others := slices.DeleteFunc(f.memory.bridges(), func(name link.Name) bool { return name == before.Bridge })
		if len(others) > 0 {
			if err := f.accept(ctx, others); err != nil {
				return err
			}
		}
		if err := f.change(ctx, before, nil); err != nil {
			return fmt.Errorf("removing network %s: %w", short(id), err)
		}
		return nil
	})
}

// Sweep removes our tables where there is no network any more.
func (f *Firewall) Sweep(ctx context.Context) error {
	return f.exclusively(ctx, func() error {
		if len(f.memory.networks) > 0 {
			return nil
		}
		if err := f.accept(ctx, nil); err != nil {
			return err
		}
		present, standing := f.tables(), f.memory.standing
		f.memory.standing = nil
		if err := f.apply(ctx, step{}, present); err != nil {
			f.memory.standing = standing
			return fmt.Errorf("removing tables %s: %w", f.name, err)
		}
		return nil
	})
}

// SetEndpoint puts the endpoint's rules in place, in the place of those it had.
// Its network must have been set.
func (f *Firewall) SetEndpoint(ctx context.Context, network string, e firewall.Endpoint) error {
	return f.exclusively(ctx, func() error {
		n, known := f.memory.networks[network]
		if !known {
			return fmt.Errorf("setting endpoint %s: network %s has no rules", short(e.ID), short(network))
		}
		after := &endpoint{e, endpointElements(n.Network, e)}
		if err := f.changeEndpoint(ctx, n, e.ID, after); err != nil {
			return fmt.Errorf("setting endpoint %s: %w", short(e.ID), err)
		}
		return nil
	})
}

// RemoveEndpoint takes the endpoint's rules away.
func (f *Firewall) RemoveEndpoint(ctx context.Context, network, endpoint string) error {
	return f.exclusively(ctx, func() error {
		n, known := f.memory.networks[network]
		if !known {
			return nil
		}
		if err := f.changeEndpoint(ctx, n, endpoint, nil); err != nil {
			return fmt.Errorf("removing endpoint %s: %w", short(endpoint), err)
		}
		return nil
	})
}

// SetEngineBridges says which bridges are the engine's own, in the place of those
// said before.
func (f *Firewall) SetEngineBridges(ctx context.Context, bridges []link.Name) error {
	return f.exclusively(ctx, func() error {
		before, tables := f.memory.engine, f.tables()
		if err := f.apply(ctx, f.memory.setEngine(bridges), tables); err != nil {
			f.memory.setEngine(before)
			return fmt.Errorf("setting the engine's bridges: %w", err)
		}
		return nil
	})
}

// Restore makes our tables those of the state, in the place of whatever is in them.
func (f *Firewall) Restore(ctx context.Context, state firewall.State) error {
	return f.exclusively(ctx, func() error {
		before := f.memory
		f.memory = remembering(state)
		if err := f.renew(ctx); err != nil {
			f.memory = before
			return fmt.Errorf("restoring %d networks: %w", len(state.Networks), err)
		}
		return f.accept(ctx, f.memory.bridges())
	})
}

// Transactions is how often rules were changed, those of Options.Accepts included.
func (f *Firewall) Transactions() firewall.Transactions {
	count := f.connection.transactions.Transactions()
	if f.options.Accepts != nil {
		count = count.Add(f.options.Accepts.Transactions())
	}
	return count
}

func (f *Firewall) exclusively(ctx context.Context, change func() error) error {
	if err := f.one.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for another change of the rules: %w", err)
	}
	defer f.one.Release(1)
	return change()
}

func (f *Firewall) accept(ctx context.Context, bridges []link.Name) error {
	if f.options.Accepts == nil {
		return nil
	}
	return f.options.Accepts.Set(ctx, bridges)
}

// short is as much of an ID as people read.
func short(id string) string { return id[:min(len(id), 12)] }
