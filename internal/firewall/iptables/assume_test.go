package iptables

import (
	"slices"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// TestAssume wants who is told what an earlier process applied to find nothing wrong,
// in whichever order it is told, to change nothing, and to mend and go on from there.
func TestAssume(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		state := everything()
		must(t, h.open(t, "mybridge").Restore(t.Context(), state))
		want := h.saved(t)
		told := firewall.State{Networks: slices.Clone(state.Networks), EngineBridges: slices.Clone(state.EngineBridges)}
		slices.Reverse(told.Networks)
		slices.Reverse(told.EngineBridges)
		f := h.open(t, "mybridge")
		must(t, f.Assume(t.Context(), told))
		wantNothing := func(when string) {
			t.Helper()
			if findings, err := f.Check(t.Context()); err != nil || len(findings) > 0 {
				t.Errorf("%s found are %v, %v", when, findings, err)
			}
		}
		wantNothing("when all is right")
		if got := h.saved(t); got != want {
			t.Errorf("telling it changed the rules to\n%s", got)
		}
		kernel.Run(t, h[0], "-t", "nat", "-F", "MYBRIDGE-PUBLISHED")
		if findings, err := f.Mend(t.Context()); err != nil || len(findings) != 1 {
			t.Errorf("mended are %v, %v", findings, err)
		}
		wantNothing("after mending")
		must(t, f.RemoveNetwork(t.Context(), state.Networks[0].ID))
		must(t, f.SetNetwork(t.Context(), state.Networks[0].Network))
		must(t, f.SetEndpoint(t.Context(), state.Networks[0].ID, state.Networks[0].Endpoints[0]))
		if got := h.saved(t); got != want {
			t.Errorf("after changes the rules are\n%s\nwant\n%s", got, want)
		}
	})
}

// TestAssumeAccepts wants the same of the accepts alone.
func TestAssumeAccepts(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		bridges := []link.Name{"mb-0123", "shop0"}
		set, err := open("mybridge", h[0])
		must(t, err)
		must(t, (&Accepts{set}).Set(t.Context(), bridges))
		want := h.saved(t)
		later, err := open("mybridge", h[0])
		must(t, err)
		a := &Accepts{later}
		must(t, a.Assume(t.Context(), []link.Name{"shop0", "mb-0123"}))
		if findings, err := a.Check(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("found are %v, %v", findings, err)
		}
		kernel.Run(t, h[0], "-F", "FORWARD")
		kernel.Run(t, h[0], "-A", "FORWARD", "-j", "DOCKER-USER")
		if findings, err := a.Mend(t.Context()); err != nil || len(findings) != 1 {
			t.Errorf("mended are %v, %v", findings, err)
		}
		if got := h.saved(t); got != want {
			t.Errorf("the rules are\n%s\nwant\n%s", got, want)
		}
	})
}
