package iptables

import (
	"fmt"
	"slices"
	"strings"

	"mybridge/internal/firewall"
)

// rules is the one function from the state to the rules of a family.
func (n names) rules(state firewall.State, ipv6 bool) ruleset {
	w := writer{names: n, ruleset: ruleset{}, ipv6: ipv6}
	if len(state.Networks) == 0 {
		return w.ruleset
	}
	networks := slices.SortedFunc(slices.Values(state.Networks), func(a, b firewall.NetworkState) int {
		return strings.Compare(a.ID, b.ID)
	})
	w.drops(networks, slices.Compact(slices.Sorted(slices.Values(state.EngineBridges))))
	w.published(networks)
	for _, network := range networks {
		w.answering(network.Network)
	}
	for _, network := range networks {
		w.translated(network.Network)
		w.acceptNetwork(network.Network)
	}
	return w.hooked()
}

// writer writes the rules of a family, chain by chain.
type writer struct {
	names   names
	ruleset ruleset
	ipv6    bool
}

// add appends a rule to our chain of that part of a name.
func (w writer) add(table, part, format string, arguments ...any) {
	w.append(chain{table, w.names.name(part)}, fmt.Sprintf(format, arguments...))
}

func (w writer) append(c chain, rule string) { w.ruleset[c] = append(w.ruleset[c], rule) }

// hooked adds the jumps to the chains that were written.
func (w writer) hooked() ruleset {
	for _, hook := range hooks {
		target := chain{hook.table, w.names.name(hook.part)}
		if _, written := w.ruleset[target]; written {
			w.append(chain{hook.table, hook.builtin}, "-j "+target.name)
		}
	}
	return w.ruleset
}

// subnet returns the network's subnet of the family.
func (w writer) subnet(network firewall.Network) (firewall.Subnet, bool) {
	for _, subnet := range network.Subnets {
		if subnet.Prefix.Addr().Is6() == w.ipv6 {
			return subnet, true
		}
	}
	return firewall.Subnet{}, false
}
