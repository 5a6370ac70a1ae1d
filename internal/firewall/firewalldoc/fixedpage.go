package firewalldoc

import (
	"slices"
	"strings"
)

// fixedPage shows what is the same for all networks: the tables of nftables
// without elements, the jumps of iptables, and the family that a network has not.
func fixedPage(all []listing, plain listing) string {
	d := newDocument("The rules that are always the same")
	d.paragraph("They come with the first network and go with the last. What networks and containers add are elements of the sets and maps, and the chains `leaving-…`; the pages of the kinds show them.")

	d.heading("nftables")
	for _, family := range []string{"inet", "bridge"} {
		d.paragraph("Table `%s mybridge`:", family)
		d.fence(nftLines(inTable(fixed(plain.nft), family)))
	}
	d.paragraph("Docker sets the policy of the iptables chain FORWARD to DROP. So where there is an iptables, `iptables-save` and `ip6tables-save` have accepts beside these tables:")
	d.fence(ruleLines(plain.accepts))

	d.heading("iptables")
	d.paragraph("With `mybridge serve --firewall iptables` the rules stand in these chains, in `iptables-save` and in `ip6tables-save`. A chain is there while there are rules in it:")
	var chains []block
	for _, l := range all {
		chains = merged(merged(chains, l.ipv4), l.ipv6)
	}
	d.fence(chainLines(ownChains(chains)))
	d.paragraph("These are the jumps to them, each at the end of a built-in chain:")
	d.fence(ruleLines(where(chains, block.isHook)))
	d.paragraph("The table `bridge mybridge` is there with iptables too, where the kernel has nf_tables: iptables does not see ARP.")

	d.heading("The family that a network does not have")
	d.paragraph("A network without IPv6 has rules in `ip6tables-save` too, so that addresses which its containers gave themselves are not reached from elsewhere:")
	d.fence(ruleLines(ownChains(plain.ipv6)))
	return d.String()
}

// networkChainPrefix begins the names of the chains of nftables that are a network's.
const networkChainPrefix = "leaving-"

// fixed are the blocks as they are without networks.
func fixed(blocks []block) []block {
	var all []block
	for _, b := range blocks {
		if strings.HasPrefix(b.name, networkChainPrefix) {
			continue
		}
		if !b.isChain() {
			b.items = nil
		}
		all = append(all, b)
	}
	return all
}

// merged adds to the chains those that they do not have yet, and to built-in ones
// the jumps.
func merged(chains, more []block) []block {
	for _, c := range more {
		i := slices.IndexFunc(chains, c.is)
		if i < 0 {
			chains, i = append(chains, c), len(chains)
		}
		for _, rule := range c.items {
			if c.isHook() && !slices.Contains(chains[i].items, rule) {
				chains[i].items = append(chains[i].items, rule)
			}
		}
	}
	slices.SortStableFunc(chains, compareChains)
	return chains
}
