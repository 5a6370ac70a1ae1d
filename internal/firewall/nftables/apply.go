package nftables

import (
	"context"
	"maps"
	"slices"

	"github.com/google/nftables"
)

// tables says of which families our tables are to be there.
type tables map[nftables.TableFamily]bool

// tables are those that networks need, and those that were made for networks before
// and not swept away yet.
func (f *Firewall) tables() tables {
	wanted := tables{
		nftables.TableFamilyINet:   len(f.memory.networks) > 0 && !f.options.AntispoofOnly,
		nftables.TableFamilyBridge: false,
	}
	for family := range wanted {
		wanted[family] = wanted[family] || f.memory.standing[family]
	}
	if wanted[nftables.TableFamilyBridge] {
		return wanted
	}
	for _, n := range f.memory.networks {
		if n.Antispoof {
			wanted[nftables.TableFamilyBridge] = true
			break
		}
	}
	return wanted
}

// change puts a network into the place of the one it was before; either may be
// nil. What fails is not remembered.
func (f *Firewall) change(ctx context.Context, before, after *network) error {
	present := f.tables()
	if err := f.apply(ctx, f.memory.replace(before, after), present); err != nil {
		f.memory.replace(after, before)
		return err
	}
	return nil
}

// changeEndpoint does for an endpoint what change does for a network.
func (f *Firewall) changeEndpoint(ctx context.Context, n *network, id string, after *endpoint) error {
	present := f.tables()
	s, before := f.memory.setEndpoint(n, id, after)
	if err := f.apply(ctx, s, present); err != nil {
		f.memory.setEndpoint(n, id, before)
		return err
	}
	return nil
}

// apply has the kernel go the step from where these tables were present. Where
// that fails, most likely since somebody flushed the ruleset, both begin anew.
func (f *Firewall) apply(ctx context.Context, s step, present tables) error {
	if f.intact && s.isNothing() && maps.Equal(present, f.tables()) {
		return nil
	}
	if f.intact && f.commit(ctx, s, present) == nil {
		return nil
	}
	return f.renew(ctx)
}

// renew makes our tables what is remembered, whatever is in them.
func (f *Firewall) renew(ctx context.Context) error {
	f.intact = false
	err := f.commit(ctx, step{}, nil)
	f.intact = err == nil
	return err
}

// commit goes the step in those tables that stay, and makes or removes the others
// as a whole.
func (f *Firewall) commit(ctx context.Context, s step, present tables) error {
	wanted := f.tables()
	err := f.connection.commit(ctx, f.name, func(t *transaction) {
		for _, fixed := range []table{inetTable, bridgeTable} {
			was, is := present[fixed.family], wanted[fixed.family]
			switch {
			case f.intact && !was && !is:
			case f.intact && was && is:
				s.in(fixed.family).write(t)
			default:
				t.clear(fixed)
				if is {
					t.create(fixed)
					f.memory.everything().in(fixed.family).write(t)
				}
			}
		}
	})
	if err == nil {
		f.memory.standing = wanted
	}
	return err
}

// in is the part of the step that is in the family's table.
func (s step) in(family nftables.TableFamily) step {
	outside := func(e element) bool { return e.set.family != family }
	part := step{added: slices.DeleteFunc(slices.Clone(s.added), outside), removed: slices.DeleteFunc(slices.Clone(s.removed), outside)}
	if family == nftables.TableFamilyINet {
		part.chains, part.obsolete = s.chains, s.obsolete
	}
	return part
}

// isNothing reports whether there is nothing to do.
func (s step) isNothing() bool {
	return len(s.added)+len(s.removed)+len(s.chains)+len(s.obsolete) == 0
}

// write goes the step in an order in which no element jumps to a chain that is
// not there, and a key is free before it gets another value.
func (s step) write(t *transaction) {
	for _, c := range s.chains {
		t.setChain(nftables.TableFamilyINet, c)
	}
	t.remove(s.removed)
	t.add(s.added)
	for _, c := range s.obsolete {
		t.removeChain(nftables.TableFamilyINet, c)
	}
}
