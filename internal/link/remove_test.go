package link

import (
	"fmt"
	"strings"
	"testing"

	"mybridge/test/kernel"
)

func mustRemove(t *testing.T, m *Manager, bridges []Bridge, veths []Veth) {
	t.Helper()
	for name, err := range m.Remove(t.Context(), bridges, veths) {
		t.Fatalf("removing link %s: %v", name, err)
	}
}

// TestRemoveGroup removes a network's bridge with its links, and others' endpoints
// with them. What belongs to somebody else stays, whatever its name.
func TestRemoveGroup(t *testing.T) {
	m := open(t)
	going, staying := testBridge(), testBridge()
	staying.Name, staying.Network, staying.MAC, staying.Gateways = "mb-stays", "stays", RandomMAC(), nil
	must(t, m.EnsureBridge(t.Context(), going))
	must(t, m.EnsureBridge(t.Context(), staying))
	var doomed []Veth
	for i := range 5 {
		v := testVeth()
		v.Name, v.Peer, v.Endpoint = Name(fmt.Sprint("mbv", i)), Name(fmt.Sprint("mbp", i)), fmt.Sprint("endpoint", i)
		if i > 2 {
			v.Bridge, v.Network = staying.Name, staying.Network
		}
		must(t, m.EnsureVeth(t.Context(), v))
		doomed = append(doomed, v)
	}
	kept := doomed[4]
	doomed[4].Endpoint = "somebody else's"
	gone := testVeth()
	gone.Name = "mbvgone"
	mustRemove(t, m, []Bridge{going, {Name: staying.Name, Network: "somebody else's"}}, append(doomed, gone, doomed[0]))
	for _, name := range []Name{going.Name, "mbv0", "mbv1", "mbv2", "mbv3", "mbp0"} {
		if found, err := m.find(name); err != nil || found != nil {
			t.Errorf("link %s is still there: %v, %v", name, found, err)
		}
	}
	for _, name := range []Name{staying.Name, kept.Name, kept.Peer} {
		if found, err := m.find(name); err != nil || found == nil {
			t.Errorf("link %s is gone: %v", name, err)
		}
	}
}

// TestFullBridge wants the port too many of a bridge, which may have ports of others,
// to be told what to do.
func TestFullBridge(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	var commands strings.Builder
	for i := range MostPorts {
		fmt.Fprintf(&commands, "link add other%d master %s type ifb\n", i, testBridge().Name)
	}
	kernel.ThisMachine(t, "host").Feed(t, commands.String(), "ip", "-batch", "-")
	err := m.EnsureVeth(t.Context(), testVeth())
	if err == nil || !strings.Contains(err.Error(), "bridge mb-test has 1023 ports, the most that the kernel allows: use another network") {
		t.Errorf("one port too many: %v", err)
	}
	if found, err := m.find(testVeth().Name); err != nil || found != nil {
		t.Errorf("the pair is there all the same: %v, %v", found, err)
	}
}
