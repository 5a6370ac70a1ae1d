package iptables

import (
	"strings"
	"testing"

	"mybridge/internal/link"
	"mybridge/test/kernel"
)

func (h host) openAccepts(t *testing.T) *Accepts {
	t.Helper()
	tables, err := open("mybridge", h[0])
	must(t, err)
	return &Accepts{tables: tables}
}

// TestAccepts wants one pair of rules for all bridges of the usual name, one for
// each other, the user's chain first, and nothing left in the end.
func TestAccepts(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		before := h.saved(t)
		// What an earlier process left, of the other back end too, is cleaned up.
		must(t, h.open(t, "mybridge").Restore(t.Context(), everything()))
		a := h.openAccepts(t)
		must(t, a.Set(t.Context(), []link.Name{"mb-2", "lab0", "mb-1"}))
		want := strings.Join([]string{
			"-A FORWARD -j DOCKER-USER",
			"-A FORWARD -j MYBRIDGE-FORWARD",
			"-A MYBRIDGE-FORWARD -i lab0 -j ACCEPT",
			"-A MYBRIDGE-FORWARD -o lab0 -j ACCEPT",
			"-A MYBRIDGE-FORWARD -i mb-+ -j ACCEPT",
			"-A MYBRIDGE-FORWARD -o mb-+ -j ACCEPT",
		}, "\n")
		for _, program := range h {
			if got := strings.TrimSpace(kernel.Run(t, program+"-save", "-t", "filter")); !strings.Contains(got, want) {
				t.Errorf("%s has\n%s\nwant\n%s", program, got, want)
			}
			if others := kernel.Run(t, program+"-save", "-t", "nat") + kernel.Run(t, program+"-save", "-t", "mangle"); strings.Contains(others, ":MYBRIDGE") {
				t.Errorf("chains of ours are left in other tables:\n%s", others)
			}
		}
		must(t, a.Set(t.Context(), nil))
		wantSaved(t, h, before, "without bridges")
	})
}

// TestSameAcceptsRunNothing wants networks to come and go for nothing, as long as
// the rules stay the same.
func TestSameAcceptsRunNothing(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		a := h.openAccepts(t)
		must(t, a.Set(t.Context(), []link.Name{"mb-1"}))
		counted := count(&Firewall{tables: a.tables})
		for _, bridges := range [][]link.Name{{"mb-1"}, {"mb-1", "mb-2"}, {"mb-3"}} {
			must(t, a.Set(t.Context(), bridges))
		}
		if len(counted.all) != 0 {
			t.Errorf("these ran, although nothing changed: %s", counted.all)
		}
	})
}
