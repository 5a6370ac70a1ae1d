package iptables

import (
	"net/netip"
	"strings"

	"mybridge/internal/firewall"
)

// chain is a chain of ours, reached by one jump at the end of a built-in one.
type chain struct {
	table, builtin, name string
}

// chains are ours, one for each built-in chain that we need.
type chains struct {
	// masquerade is reached from nat POSTROUTING.
	masquerade chain
	// accept is reached from filter FORWARD, behind DOCKER-USER and all that
	// the engine inserts, so that the user keeps the first say.
	accept chain
	// drop is reached from mangle FORWARD, which every packet passes before
	// filter FORWARD: no accept of anyone's there can undo it.
	drop chain
}

func newChains(suffix string) chains {
	return chains{
		masquerade: chain{"nat", "POSTROUTING", "MYBRIDGE-POSTROUTING" + suffix},
		accept:     chain{"filter", "FORWARD", "MYBRIDGE-FORWARD" + suffix},
		drop:       chain{"mangle", "FORWARD", "MYBRIDGE-FORWARD" + suffix},
	}
}

func (c chains) all() []chain { return []chain{c.masquerade, c.accept, c.drop} }

// rule is one rule in one of our chains, its words in the order in which
// iptables prints them.
type rule struct {
	chain
	words []string
}

func (c chain) rule(words string) rule { return rule{chain: c, words: strings.Fields(words)} }

// rules is the one function from a network to its rules of the subnet's family.
func (c chains) rules(n firewall.Network, subnet netip.Prefix) []rule {
	bridge, from, to := string(n.Bridge), "-s "+subnet.String(), "-d "+subnet.String()
	if n.Internal {
		return []rule{
			// Neighbours reach each other even where bridged packets pass iptables.
			c.accept.rule("-i " + bridge + " -o " + bridge + " -j ACCEPT"),
			// Nothing leaves, whatever source it claims, and nothing enters.
			c.drop.rule("-i " + bridge + " ! -o " + bridge + " -j DROP"),
			c.drop.rule("! -i " + bridge + " -o " + bridge + " -j DROP"),
		}
	}
	rules := []rule{
		// Containers reach each other and the outside, and hear the answers,
		// although the engine sets the policy of FORWARD to DROP.
		c.accept.rule(from + " -i " + bridge + " -j ACCEPT"),
		c.accept.rule(to + " -o " + bridge + " -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
		// Nobody else, other networks included, opens a connection to a container.
		c.drop.rule(to + " ! -i " + bridge + " -o " + bridge + " -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP"),
	}
	if n.Masquerade {
		rules = append(rules, c.masquerade.rule(from+" ! -o "+bridge+" -j MASQUERADE"))
	}
	return rules
}
