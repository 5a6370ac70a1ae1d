package nftables

import (
	"context"
	"errors"
	"fmt"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
)

// Check compares the kernel's rules with what should be there, and changes nothing.
func (f *Firewall) Check(ctx context.Context) ([]health.Finding, error) {
	findings, err := f.examine(ctx, func() error { return nil })
	if f.options.Accepts == nil {
		return findings, err
	}
	accepts, failure := f.options.Accepts.Check(ctx)
	return append(findings, accepts...), errors.Join(err, failure)
}

// Mend makes our tables again, as a whole and in one transaction, where something
// of them is wrong, and returns what was. If nothing is, nothing changes.
func (f *Firewall) Mend(ctx context.Context) ([]health.Finding, error) {
	findings, err := f.examine(ctx, func() error {
		if err := f.renew(ctx); err != nil {
			return fmt.Errorf("making tables %s again: %w", f.name, err)
		}
		return nil
	})
	if err != nil || f.options.Accepts == nil {
		return findings, err
	}
	// Last, as without our drops they are too broad.
	accepts, err := f.options.Accepts.Mend(ctx)
	return append(findings, accepts...), err
}

// examine looks at our tables, and treats them where something is wrong. It looks
// without the lock of changes first, as that takes long where there is much in them:
// what seems wrong then may be a change of ours, and is looked at again.
func (f *Firewall) examine(ctx context.Context, treat func() error) (findings []health.Finding, err error) {
	if right, err := f.isRight(ctx); right || err != nil {
		return nil, err
	}
	err = f.exclusively(ctx, func() error {
		var err error
		look := view{f.name, &f.connection, f.memory, f.tables()}
		if findings, err = steady(func() ([]health.Finding, bool, error) { return look.ask(ctx) }); err != nil || len(findings) == 0 {
			return err
		}
		return treat()
	})
	return findings, err
}

// looksAside is how often a look without the lock of changes is taken that some change
// disturbs.
const looksAside = 2

// isRight reports whether nothing of our tables seems wrong, nor undecided.
func (f *Firewall) isRight(ctx context.Context) (bool, error) {
	if err := f.looking.Acquire(ctx, 1); err != nil {
		return false, fmt.Errorf("waiting for another look at the rules: %w", err)
	}
	defer f.looking.Release(1)
	for range looksAside {
		look := view{name: f.name, connection: &f.aside}
		var before firewall.Transactions
		if err := f.exclusively(ctx, func() error {
			look.memory, look.wanted, before = f.memory.copy(), f.tables(), f.connection.transactions.Transactions()
			return nil
		}); err != nil {
			return false, err
		}
		findings, undisturbed, err := look.ask(ctx)
		if err == nil && len(findings) == 0 {
			return true, nil
		}
		if undisturbed && before == f.connection.transactions.Transactions() {
			break
		}
	}
	return false, nil
}

// looks is how often a look is taken that somebody disturbs.
const looks = 5

// steady takes a look again where something seems wrong and somebody changed rules
// meanwhile: a listing comes in several answers, and then has gaps.
func steady(look func() (findings []health.Finding, undisturbed bool, err error)) (findings []health.Finding, err error) {
	for range looks {
		var undisturbed bool
		findings, undisturbed, err = look()
		if err == nil && (undisturbed || len(findings) == 0) {
			break
		}
	}
	return findings, err
}

// view compares what the kernel has of our tables with what it was told.
type view struct {
	name       string
	connection *connection
	memory     *memory
	wanted     tables
}

// ask looks once.
func (v view) ask(ctx context.Context) (findings []health.Finding, undisturbed bool, err error) {
	err = v.connection.ask(ctx, func() (err error) {
		findings, undisturbed, err = v.look()
		return err
	})
	return findings, undisturbed, err
}

// look also reports whether nobody made a transaction meanwhile.
func (v view) look() (findings []health.Finding, undisturbed bool, err error) {
	before, err := v.connection.generation()
	if err != nil {
		return nil, false, err
	}
	for _, fixed := range []table{inetTable, bridgeTable} {
		some, err := v.compare(fixed)
		if err != nil {
			return nil, false, err
		}
		findings = append(findings, some...)
	}
	after, err := v.connection.generation()
	return findings, before == after, err
}
