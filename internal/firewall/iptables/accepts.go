package iptables

import (
	"context"
	"slices"
	"strings"

	"mybridge/internal/link"
)

// Accepts lets bridges through filter FORWARD, and does nothing else: where
// others' policy there is DROP (Docker sets it), an accept elsewhere does not
// help. What must not pass is dropped by rules elsewhere. Its methods may be
// called concurrently.
type Accepts struct {
	*tables
}

// usualBridges is the pattern of the names that bridges get where the user chose
// none: one pair of rules for all of them, so that networks come and go without a
// change.
const usualBridges = "mb-+"

// OpenAccepts finds the host's iptables, as Open does.
func OpenAccepts(instance string) (*Accepts, error) {
	tables, err := open(instance, chooseVariant())
	if err != nil {
		return nil, err
	}
	return &Accepts{tables: tables}, nil
}

// Set accepts what comes from these bridges or goes to them, and nothing else.
// The first call also takes away what earlier processes left in chains of ours,
// in any table.
func (a *Accepts) Set(ctx context.Context, bridges []link.Name) error {
	return a.exclusively(ctx, func() error {
		return a.apply(ctx, a.rulesets(bridges))
	})
}

func (n names) accepts(bridges []link.Name) ruleset {
	var patterns []string
	usual := false
	for _, bridge := range bridges {
		if strings.HasPrefix(string(bridge), strings.TrimSuffix(usualBridges, "+")) {
			usual = true
			continue
		}
		patterns = append(patterns, string(bridge))
	}
	if usual {
		patterns = append(patterns, usualBridges)
	}
	slices.Sort(patterns)
	w := writer{names: n, ruleset: ruleset{}}
	for _, pattern := range slices.Compact(patterns) {
		w.accept(pattern)
	}
	return w.hooked()
}
