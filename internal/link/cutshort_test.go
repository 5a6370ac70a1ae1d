package link

import (
	"testing"

	"mybridge/test/kernel"
)

// TestHalfMadeVeth wants a pair whose making was cut short before it had its alias to
// be made anew, and removed.
func TestHalfMadeVeth(t *testing.T) {
	v := testVeth()
	halfMade := func(t *testing.T) *Manager {
		m := open(t)
		must(t, m.EnsureBridge(t.Context(), testBridge()))
		kernel.Run(t, "ip", "link", "add", "mbvtest", "master", "mb-test", "type", "veth", "peer", "name", "mbptest")
		return m
	}
	t.Run("made", func(t *testing.T) {
		m := halfMade(t)
		must(t, m.EnsureVeth(t.Context(), v))
		wantShown(t, v.Name, "UP", "master mb-test", "endpoint=e1")
		wantShown(t, v.Peer, v.MAC.String())
	})
	t.Run("removed", func(t *testing.T) {
		m := halfMade(t)
		mustRemove(t, m, nil, []Veth{v})
		if shown := show(t, v.Name); shown != "" {
			t.Errorf("the link is left: %s", shown)
		}
	})
}

// TestMTUOutlivesPorts wants a bridge to keep its MTU when its last port goes: the
// kernel adjusts one that was only given at creation.
func TestMTUOutlivesPorts(t *testing.T) {
	m := open(t)
	b := testBridge()
	must(t, m.EnsureBridge(t.Context(), b))
	must(t, m.EnsureVeth(t.Context(), testVeth()))
	mustRemove(t, m, nil, []Veth{testVeth()})
	wantShown(t, b.Name, "mtu 1400")
}
