package iptables

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mybridge/internal/firewall"
)

// pollInterval is how often the rules are looked at where the kernel does not tell
// of changes.
const pollInterval = time.Second

// Watch calls changed when it begins, and each second in which Check finds
// something. That is for the legacy variant, of whose changes the kernel tells
// nobody. Of the nft variant's it does, as of all of nf_tables: there Watch returns
// firewall.ErrNoWatch, and leaves it to the back end nftables.
func (t *tables) Watch(ctx context.Context, changed func()) error {
	legacy, err := t.isLegacy(ctx)
	if err != nil {
		return fmt.Errorf("asking for the variant of iptables: %w", err)
	}
	if !legacy {
		return firewall.ErrNoWatch
	}
	changed()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		wrong, err := t.isWrong(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching iptables: %w", err)
		}
		if wrong {
			changed()
		}
	}
}

// isLegacy asks the program: "iptables v1.8.9 (nf_tables)".
func (t *tables) isLegacy(ctx context.Context) (bool, error) {
	f := t.families[0]
	version, err := f.run(ctx, "", f.program, "--version")
	return !strings.Contains(version, "nf_tables"), err
}

// isWrong runs no program while no rules are wanted.
func (t *tables) isWrong(ctx context.Context) (bool, error) {
	needed := false
	err := t.exclusively(ctx, func() error {
		needed = len(t.wanted(false))+len(t.wanted(true)) > 0
		return nil
	})
	if err != nil || !needed {
		return false, err
	}
	findings, err := t.Check(ctx)
	return len(findings) > 0, err
}
