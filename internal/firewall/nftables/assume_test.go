package nftables

import (
	"slices"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/test/kernel"
)

// TestAssume wants who is told what an earlier process applied to find nothing wrong,
// in whichever order it is told, to change nothing, and to mend and go on from there.
func TestAssume(t *testing.T) {
	kernel.Namespace(t)
	must(t, openFirewall(t).Restore(t.Context(), whole))
	want := listed(t)
	told := firewall.State{Networks: slices.Clone(whole.Networks), EngineBridges: whole.EngineBridges}
	slices.Reverse(told.Networks)
	told.Networks[0].Endpoints = []firewall.Endpoint{web, mail}
	accepts := &accepts{}
	f := openAs(t, "mybridge", Options{Accepts: accepts})
	must(t, f.Assume(t.Context(), told))
	wantFindings(t, "when all is right", check(t, f))
	wantEqual(t, "after it was told", listed(t), want)
	if len(accepts.bridges) != len(whole.Networks) {
		t.Errorf("accepted bridges are %q", accepts.bridges)
	}

	all := ruleset(t)
	kernel.Run(t, "nft", "delete table inet mybridge")
	wantFindings(t, "mended,", mend(t, f), "table inet mybridge is gone")
	wantEqual(t, "after mending", ruleset(t), all)
	must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
	must(t, f.SetEndpoint(t.Context(), plain.ID, web))
	wantEqual(t, "after changes", ruleset(t), all)
}
