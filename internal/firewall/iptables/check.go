package iptables

import (
	"context"
	"errors"

	"mybridge/internal/health"
)

// Check compares the kernel's rules with those last applied, and changes nothing.
func (t *tables) Check(ctx context.Context) ([]health.Finding, error) {
	return t.examine(ctx, func(*family, found, ruleset) error { return nil })
}

// Mend makes right what Check finds, and leaves in place what is right.
func (t *tables) Mend(ctx context.Context) ([]health.Finding, error) {
	return t.examine(ctx, func(f *family, there found, wanted ruleset) error { return f.mend(ctx, there, wanted) })
}

// examine looks at each family, and treats those of which something is wrong. It looks
// without the lock of changes first, as programs have to run for that: what seems
// wrong then may be a change of ours that was not done yet, and is looked at again.
func (t *tables) examine(ctx context.Context, treat func(*family, found, ruleset) error) (findings []health.Finding, err error) {
	if right, err := t.isRight(ctx); right || err != nil {
		return nil, err
	}
	err = t.exclusively(ctx, func() error {
		var failures []error
		for _, f := range t.families {
			wanted := t.wanted(f.ipv6)
			there, err := f.look(ctx)
			if err == nil {
				if wrong := f.compare(there, wanted); len(wrong) > 0 {
					findings = append(findings, wrong...)
					err = treat(f, there, wanted)
				}
			}
			failures = append(failures, err)
		}
		return errors.Join(failures...)
	})
	return findings, err
}

// isRight reports whether nothing of any family seems wrong.
func (t *tables) isRight(ctx context.Context) (bool, error) {
	var wanted rulesets
	if err := t.exclusively(ctx, func() error {
		wanted = t.wanted
		return nil
	}); err != nil {
		return false, err
	}
	for _, f := range t.families {
		if !f.isRight(ctx, wanted(f.ipv6)) {
			return false, nil
		}
	}
	return true, nil
}

func (f *family) isRight(ctx context.Context, wanted ruleset) bool {
	there, err := f.look(ctx)
	return err == nil && len(f.compare(there, wanted)) == 0
}

// found is what is there of a family.
type found struct {
	ruleset ruleset
	// overtaken is a chain of the engine's that our accepts come before, "" for none.
	overtaken string
	// closing is the number of the rule that nothing of filter FORWARD is reached
	// behind, 0 for none.
	closing int
}

func (f *family) look(ctx context.Context) (found, error) {
	saved, err := f.run(ctx, "", f.program+"-save")
	if err != nil {
		return found{}, err
	}
	return found{ruleset: f.names.parse(saved), overtaken: f.names.overtaken(saved), closing: closing(saved)}, nil
}

func (f *family) mend(ctx context.Context, there found, wanted ruleset) error {
	f.known = nil
	if there.overtaken != "" {
		if err := f.restore(ctx, f.names.placed(f.names.moveAccepts(), there.closing)); err != nil {
			return err
		}
	}
	f.known = there.ruleset
	return f.apply(ctx, wanted)
}
