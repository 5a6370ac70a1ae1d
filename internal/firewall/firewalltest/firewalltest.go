// Package firewalltest is what package firewall means, as packets see it: a table
// of who reaches whom, which every back end must pass. So they have one meaning,
// although they share no rule.
//
// It touches only network namespaces that it makes: a host with networks and
// their containers, two neighbours of it on LANs, and bridges as an engine sets
// them up, with the engine's own rules.
package firewalltest

import (
	"context"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Firewall is a back end under test. Its methods mean what they do in package
// driver.
type Firewall interface {
	SetNetwork(ctx context.Context, network firewall.Network) error
	RemoveNetwork(ctx context.Context, network string) error
	Sweep(ctx context.Context) error
	SetEndpoint(ctx context.Context, network string, endpoint firewall.Endpoint) error
	RemoveEndpoint(ctx context.Context, network, endpoint string) error
	Restore(ctx context.Context, state firewall.State) error
	SetEngineBridges(ctx context.Context, bridges []link.Name) error
}

// Run asks every question of the tables, for IPv4 and IPv6, with rules that were
// set one by one and again with those that a restart found, there with bridged
// packets passing iptables too (br_netfilter). In the end no rule may be left.
//
// It calls open in the namespace that plays the host, once for each start of the
// plugin. The policy of FORWARD is DROP, as the engine sets it, and it is the back
// end's business that our packets pass nevertheless.
func Run(t *testing.T, open func(t *testing.T) Firewall) {
	w := newWorld(t, networks)
	w.addOutside(t)
	// What must not arrive later arrives while there are no rules: otherwise its
	// absence would show nothing.
	w.wantArrivals(t, "without rules", deniedRows())
	w.wantPassages(t, "without rules", forbiddenPassages, true)

	w.addEngineRules(t)
	before := w.rules(t)
	first := open(t)
	w.setOneByOne(t, first)
	w.wantAnswers(t, "set one by one", rows)
	w.wantPassages(t, "set one by one", forbiddenPassages, false)

	filterBridgedPackets(t, w.host, true)
	second := open(t)
	must(t, second.Restore(t.Context(), w.state()))
	w.wantAnswers(t, "restored", rows)
	w.wantPassages(t, "restored", forbiddenPassages, false)

	for _, change := range changes {
		for range 2 { // all methods are idempotent
			must(t, change.apply(t.Context(), w, second))
		}
		w.wantAnswers(t, change.name, change.rows)
	}
	w.removeAll(t, second, before)
}

func (w *world) setOneByOne(t *testing.T, f Firewall) {
	t.Helper()
	state := w.state()
	must(t, f.SetEngineBridges(t.Context(), state.EngineBridges))
	for _, network := range state.Networks {
		must(t, f.SetNetwork(t.Context(), network.Network))
		for _, endpoint := range network.Endpoints {
			must(t, f.SetEndpoint(t.Context(), network.ID, endpoint))
		}
	}
}

// removeAll wants the rules to be in the end what they were before.
func (w *world) removeAll(t *testing.T, f Firewall, before string) {
	t.Helper()
	for _, network := range w.networks {
		for range 2 {
			must(t, f.RemoveNetwork(t.Context(), network.settings().ID))
		}
	}
	must(t, f.Sweep(t.Context()))
	if after := w.rules(t); after != before {
		t.Errorf("without networks the rules are\n%s\nbefore they were\n%s", after, before)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
