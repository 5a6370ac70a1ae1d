package iptables

import (
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/test/kernel"
)

// TestBeforeTheLastWord wants our accepts before a rule that drops all the rest, as
// some distributions have one, and behind all others.
func TestBeforeTheLastWord(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		kernel.Run(t, h[0], "-N", "DOCKER-USER")
		kernel.Run(t, h[0], "-A", "FORWARD", "-j", "DOCKER-USER")
		kernel.Run(t, h[0], "-A", "FORWARD", "-i", "eth7", "-j", "DROP")
		kernel.Run(t, h[0], "-A", "FORWARD", "-j", "REJECT", "--reject-with", "icmp-host-prohibited")
		before := kernel.Run(t, h[0], "-S", "FORWARD")
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), firewall.State{Networks: []firewall.NetworkState{{Network: plain}}}))
		want := strings.Replace(before, "-A FORWARD -j REJECT", "-A FORWARD -j MYBRIDGE-FORWARD\n-A FORWARD -j REJECT", 1)
		if got := kernel.Run(t, h[0], "-S", "FORWARD"); got != want {
			t.Errorf("FORWARD is\n%swant\n%s", got, want)
		}
		must(t, f.RemoveNetwork(t.Context(), plain.ID))
		if got := kernel.Run(t, h[0], "-S", "FORWARD"); got != before {
			t.Errorf("without a network FORWARD is\n%swant\n%s", got, before)
		}
	})
}

// TestFlushedMeanwhile wants a change to succeed although somebody has flushed all
// since the last.
func TestFlushedMeanwhile(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), firewall.State{Networks: []firewall.NetworkState{{Network: plain}, {Network: internal}}}))
		for _, table := range []string{"filter", "nat", "mangle"} {
			kernel.Run(t, h[0], "-t", table, "-F")
			kernel.Run(t, h[0], "-t", table, "-X")
		}
		must(t, f.SetNetwork(t.Context(), trusting))
		must(t, f.SetEndpoint(t.Context(), plain.ID, web))
		must(t, f.RemoveNetwork(t.Context(), internal.ID))
	})
}
