package link

import (
	"testing"

	"mybridge/test/kernel"
)

// TestInContainer follows a pair from the host's namespace into a container's, and
// one whose other end is up on the host.
func TestInContainer(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	veth := testVeth()
	must(t, m.EnsureVeth(t.Context(), veth))
	want := func(when string, want bool) {
		t.Helper()
		got, err := m.InContainer(t.Context())
		must(t, err)
		if got[veth.Name] != want {
			t.Errorf("%s: in a container is %v, want %v", when, got[veth.Name], want)
		}
	}
	want("just made", false)
	container := kernel.NewMachine(t, "one")
	kernel.Run(t, "ip", "link", "set", string(veth.Peer), "netns", container.Pid())
	want("moved, and down", true)
	kernel.Run(t, "ip", "link", "delete", string(veth.Name))
	must(t, m.EnsureVeth(t.Context(), veth))
	want("made again", false)
	kernel.Run(t, "ip", "link", "set", string(veth.Peer), "up")
	want("the other end is up", true)
}
