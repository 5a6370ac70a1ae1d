package firewalltest

import (
	"fmt"
	"slices"
	"testing"
)

// passage is a packet that needs no answer, from one machine to another.
type passage struct{ question, from, to string }

// forbiddenPassages are of internal networks. They exchange no packet, but of a
// question that is not answered only the answer may have been stopped.
var forbiddenPassages = []passage{
	{"internal: outside", "inside", "lan"},
	{"internal: another network", "inside", "web"},
	{"internal: from outside", "lan", "inside"},
	{"internal: from another network", "web", "inside"},
	{"internal: from the engine's containers", "engine", "inside"},
}

// witnesses may send to the machines at the end of the passages.
var witnesses = map[string]string{"lan": "peer", "web": "peer", "inside": "insider"}

// wantPassages sends a packet through each passage, and wants all of them to
// arrive, or none.
func (w *world) wantPassages(t *testing.T, phase string, passages []passage, want bool) {
	t.Helper()
	seen := map[string][]string{}
	for to, witness := range witnesses {
		seen[to] = w.sniff(t, w.machines[to], func(last string) {
			for f := range bits {
				for _, p := range passages {
					if p.to == to {
						w.sendOneWay(t, p.from, to, family(f), p.label(family(f)))
					}
				}
			}
			w.sendOneWay(t, witness, to, ipv4, last)
		})
	}
	for _, p := range passages {
		for f := range bits {
			label := p.label(family(f))
			t.Run(phase+"/one way/"+label, func(t *testing.T) {
				if arrived := slices.Contains(seen[p.to], label); arrived != want {
					t.Errorf("%s sends to %s: arrived %t, want %t", p.from, p.to, arrived, want)
				}
			})
		}
	}
}

func (p passage) label(f family) string { return fmt.Sprintf("%s/%s", p.question, f) }

// sendOneWay sends a packet by the sender's gateway, whatever routes there are.
func (w *world) sendOneWay(t *testing.T, from, to string, f family, label string) {
	t.Helper()
	w.machines[from].Run(t, w.probe, "spoof", "-label", label, "-to", w.gateways[from].String(),
		"echo", w.addresses[from][f].String(), w.addresses[to][f].String())
}
