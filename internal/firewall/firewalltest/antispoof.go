package firewalltest

import (
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/test/kernel"
)

// In both networks the containers have these parts, in this order.
const (
	victim = firstContainer + iota
	neighbour
	attacker
	free = 200 // the number of addresses and a MAC that nobody holds
)

var (
	guarded   = network{1, "guarded", []string{"victim", "neighbour", "attacker"}, nil}
	unguarded = network{2, "unguarded", []string{"victim2", "neighbour2", "attacker2"},
		func(n *firewall.Network) { n.Antispoof = false }}
)

// RunAntispoof sends frames with false addresses in a network with Antispoof, and
// in one without, where they arrive. It calls open as Run does, and asks nothing
// else of the back end.
func RunAntispoof(t *testing.T, open func(t *testing.T) Firewall) {
	w := newWorld(t, []network{guarded, unguarded})
	w.addFloatingAddress(t)
	for _, n := range w.networks {
		// An entry may change at once, not only after a second.
		w.container(n, victim).Run(t, "sysctl", "-qw", "net.ipv4.neigh.eth0.locktime=0")
	}
	before := w.rules(t)
	first := open(t)
	w.setOneByOne(t, first)
	w.wantAnswers(t, "before", guardedRows)
	w.wantAnswers(t, "before", unguardedRows)

	w.wantForgeries(t, "without antispoof", unguarded, allArrive(forgeries))
	w.wantEntries(t, unguarded, attacker)
	w.wantForgeries(t, "set one by one", guarded, forgeries)
	w.wantEntries(t, guarded, 0)
	w.wantAnswers(t, "afterwards", guardedRows)

	second := open(t)
	must(t, second.Restore(t.Context(), w.state()))
	w.wantForgeries(t, "restored", guarded, forgeries)
	w.wantAnswers(t, "restored", guardedRows)

	must(t, second.RemoveEndpoint(t.Context(), identifier("guarded"), identifier("neighbour")))
	w.wantForgeries(t, "without the neighbour", guarded, forgeriesWithoutNeighbour)
	w.removeAll(t, second, before)
}

// guardedRows are what antispoof must not disturb.
var guardedRows = []row{
	{"a neighbour", "victim", "tcp neighbour:80", "neighbour sees victim"},
	{"a neighbour, by ping", "victim", "ping neighbour", reply},
	{"the gateway", "victim", "ping guarded-gateway", reply},
	{"a floating address", "victim", "ping floating", reply},
}

// unguardedRows let the victim learn the true MACs.
var unguardedRows = []row{
	{"a neighbour", "victim2", "ping neighbour2", reply},
	{"the gateway", "victim2", "ping unguarded-gateway", reply},
}

// addFloatingAddress gives a container an address that the back end is not told.
func (w *world) addFloatingAddress(t *testing.T) {
	t.Helper()
	floating := guarded.address(free)
	w.enter("floating", floating)
	w.machines["attacker"].Configure(t, addAddress(floating[ipv4], "eth0"), addAddress(floating[ipv6], "eth0"))
}

// wantForgeries has the attacker send each frame, and looks which the victim sees.
func (w *world) wantForgeries(t *testing.T, phase string, n network, forgeries []forgery) {
	t.Helper()
	words := n.words()
	forge := func(label, arguments string) {
		probe := append([]string{"spoof", "-label", label, "-to", n.mac(victim).String()}, strings.Fields(words.Replace(arguments))...)
		w.container(n, attacker).Run(t, w.probe, probe...)
	}
	seen := w.sniff(t, w.container(n, victim), func(last string) {
		for _, each := range forgeries {
			forge(each.question, each.arguments)
		}
		forge(last, "echo ATTACKER4 VICTIM4")
	})
	for _, each := range forgeries {
		t.Run(phase+"/"+each.question, func(t *testing.T) {
			if arrived := slices.Contains(seen, each.question); arrived != each.arrives {
				t.Errorf("%s: the frame has arrived: %t, want %t", words.Replace(each.arguments), arrived, each.arrives)
			}
		})
	}
}

// container is the one with that part in the network.
func (w *world) container(n network, part int) *kernel.Machine {
	return w.machines[n.containers[part-firstContainer]]
}

// wantEntries wants the victim to believe that the others' addresses are at the
// holder's MAC, or with 0 each at its own.
func (w *world) wantEntries(t *testing.T, n network, holder int) {
	t.Helper()
	for _, host := range []int{gatewayHost, neighbour} {
		want := n.mac(host)
		if holder != 0 {
			want = n.mac(holder)
		}
		for _, address := range n.address(host) {
			entry := w.container(n, victim).Run(t, "ip", "neighbour", "show", address.String())
			if !strings.Contains(entry, "lladdr "+want.String()) {
				t.Errorf("in network %s %s is not at %s: %s", n.name, address, want, entry)
			}
		}
	}
}
