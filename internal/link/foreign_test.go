package link

import (
	"context"
	"testing"
	"time"

	"mybridge/test/kernel"
)

// TestForeignBridgeMadeAgain wants a bridge of somebody else's that has another MAC
// than it had told, and the watch to tell that it is there again.
func TestForeignBridgeMadeAgain(t *testing.T) {
	m := open(t)
	add := func(mac string) { kernel.Run(t, "ip", "link", "add", "lan0", "address", mac, "up", "type", "bridge") }
	add("02:00:00:00:00:01")
	mac, err := m.RaiseBridge(t.Context(), "lan0")
	must(t, err)
	want := Bridge{Name: "lan0", Foreign: true, MAC: mac}
	wantProblem(t, m, want, "")
	kernel.Run(t, "ip", "link", "delete", "lan0")
	wantProblem(t, m, want, Gone)
	told := m.watched(t)
	add("02:00:00:00:00:09")
	wantTold(t, told, "the bridge is there again")
	wantProblem(t, m, want, OtherMAC)
	want.MAC, err = m.RaiseBridge(t.Context(), "lan0")
	must(t, err)
	wantProblem(t, m, want, "")
}

// watched is told of what Watch tells of, from a moment when nothing changes.
func (m *Manager) watched(t *testing.T) <-chan struct{} {
	t.Helper()
	told, ended := make(chan struct{}, 1000), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	inThisNamespace(t, func() {
		defer close(ended)
		if err := m.Watch(ctx, func() { told <- struct{}{} }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); <-ended })
	for len(told) == 0 { // until it watches
		kernel.Run(t, "ip", "link", "add", "probe0", "type", "bridge")
		kernel.Run(t, "ip", "link", "delete", "probe0")
	}
	for quiet := false; !quiet; {
		select {
		case <-told:
		case <-time.After(impatience):
			quiet = true
		}
	}
	return told
}

func wantProblem(t *testing.T, m *Manager, b Bridge, want string) {
	t.Helper()
	problems, err := m.Problems(t.Context(), []Bridge{b}, nil)
	must(t, err)
	if got := problems[b.Name]; got != want {
		t.Errorf("the bridge %q, want %q", got, want)
	}
}

// TestForeignLinkIsNamed wants the links told that are in the way, by what there is of
// them.
func TestForeignLinkIsNamed(t *testing.T) {
	m := open(t)
	b, v := testBridge(), testVeth()
	kernel.Run(t, "ip", "link", "add", string(v.Name), "type", "bridge")
	wantError(t, m.EnsureVeth(t.Context(), v), "link mbvtest (a bridge without an alias) belongs to somebody else")
	kernel.Run(t, "ip", "link", "set", string(v.Name), "alias", "my own")
	wantError(t, m.EnsureVeth(t.Context(), v), "link mbvtest (my own) belongs to somebody else")
	kernel.Run(t, "ip", "link", "add", string(b.Name), "type", "bridge")
	wantError(t, m.EnsureBridge(t.Context(), b), "bridge mb-test (a bridge without an alias) belongs to somebody else")
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
