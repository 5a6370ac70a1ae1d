package firewalldoc

import (
	"cmp"
	"slices"
	"strings"
)

// chainPrefix begins the name of each chain of ours.
const chainPrefix = "MYBRIDGE-"

// iptablesTables are the tables with chains of ours, as a forwarded packet passes
// them. The variants of iptables-save print them in different orders.
var iptablesTables = []string{"mangle", "nat", "filter"}

// parseSaved returns our chains in what iptables-save printed, and of built-in
// chains the jumps to them. Counters, and chains and rules of others, are left out.
func parseSaved(saved string) []block {
	var blocks []block
	table := ""
	chain := func(name string) *block {
		c := block{table: table, kind: "chain", name: name}
		i := slices.IndexFunc(blocks, c.is)
		if i < 0 {
			blocks, i = append(blocks, c), len(blocks)
		}
		return &blocks[i]
	}
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"+chainPrefix):
			name, _, _ := strings.Cut(line[1:], " ")
			chain(name).head = []string{line}
		case strings.HasPrefix(line, "-A ") && strings.Contains(line, chainPrefix):
			name, rule, _ := strings.Cut(line[3:], " ")
			c := chain(name)
			c.items = append(c.items, rule)
		}
	}
	slices.SortStableFunc(blocks, compareChains)
	return blocks
}

// compareChains sorts by tables, and by name.
func compareChains(a, b block) int {
	return cmp.Or(
		cmp.Compare(slices.Index(iptablesTables, a.table), slices.Index(iptablesTables, b.table)),
		strings.Compare(a.name, b.name))
}

// isHook reports whether the block is a built-in chain, with jumps to chains of ours.
func (b block) isHook() bool {
	return slices.Contains(iptablesTables, b.table) && !strings.HasPrefix(b.name, chainPrefix)
}

// ownChains are the blocks without built-in chains.
func ownChains(blocks []block) []block {
	return where(blocks, func(b block) bool { return !b.isHook() })
}
