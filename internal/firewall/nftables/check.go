package nftables

import (
	"context"
	"errors"
	"fmt"

	"mybridge/internal/health"
)

// Check compares the kernel's rules with what should be there, and changes nothing.
// It waits for a change of ours to end.
func (f *Firewall) Check(ctx context.Context) (findings []health.Finding, err error) {
	err = f.exclusively(ctx, func() (err error) {
		findings, err = f.look(ctx)
		return err
	})
	if f.options.Accepts == nil {
		return findings, err
	}
	accepts, failure := f.options.Accepts.Check(ctx)
	return append(findings, accepts...), errors.Join(err, failure)
}

// Mend makes our tables again, as a whole and in one transaction, where something
// of them is wrong, and returns what was. If nothing is, nothing changes.
func (f *Firewall) Mend(ctx context.Context) (findings []health.Finding, err error) {
	err = f.exclusively(ctx, func() error {
		var err error
		if findings, err = f.look(ctx); err != nil || len(findings) == 0 {
			return err
		}
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

// look compares our tables with what is remembered.
func (f *Firewall) look(ctx context.Context) ([]health.Finding, error) {
	return steady(func() (findings []health.Finding, undisturbed bool, err error) {
		err = f.connection.ask(ctx, func() (err error) {
			findings, undisturbed, err = f.lookOnce()
			return err
		})
		return findings, undisturbed, err
	})
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

// lookOnce also reports whether nobody made a transaction meanwhile.
func (f *Firewall) lookOnce() (findings []health.Finding, undisturbed bool, err error) {
	before, err := f.connection.generation()
	if err != nil {
		return nil, false, err
	}
	for _, fixed := range []table{inetTable, bridgeTable} {
		some, err := f.compare(fixed)
		if err != nil {
			return nil, false, err
		}
		findings = append(findings, some...)
	}
	after, err := f.connection.generation()
	return findings, before == after, err
}
