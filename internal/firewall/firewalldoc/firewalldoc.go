// Package firewalldoc writes docs/firewall: what a person sees in nft list ruleset
// and in iptables-save for each kind of network, with a sentence on each rule.
//
// What is listed are the rules of the real back ends, set in a network namespace by
// the package's test. Only the sentences and the kinds stand here. The test fails
// where a rule has no sentence, where a sentence has no rule, and where a page is
// not the committed one; with -update it writes the pages.
//
// It is no part of the program, and touches nothing but the pages.
package firewalldoc

import "slices"

// listing is what a person lists of our rules, by the program and the back end.
type listing struct {
	// nft is nft list ruleset, and accepts iptables-save, beside it.
	nft, accepts []block
	// ipv4 and ipv6 are iptables-save and ip6tables-save with --firewall iptables.
	ipv4, ipv6 []block
}

// parts are all blocks of the listing, each with the sentences on what is in it.
func (l listing) parts() []part {
	return []part{{l.nft, nftSentences}, {l.accepts, iptablesSentences}, {l.ipv4, iptablesSentences}, {l.ipv6, iptablesSentences}}
}

type part struct {
	blocks    []block
	sentences []sentence
}

// block is a set, map or chain as it is listed.
type block struct {
	// table is the family of a table of nftables, or the name of one of iptables.
	table string
	// kind is set, map or chain.
	kind, name string
	// head are the lines that say what it is, in the listing's own form.
	head []string
	// items are the elements of a set or map, sorted, or the rules of a chain.
	items []string
}

func (b block) isChain() bool { return b.kind == "chain" }

// is reports whether the two are the same set, map or chain.
func (b block) is(other block) bool {
	return b.table == other.table && b.kind == other.kind && b.name == other.name
}

func (b block) equal(other block) bool {
	return b.is(other) && slices.Equal(b.head, other.head) && slices.Equal(b.items, other.items)
}

// different are the blocks with items that the others do not have in the same form.
func different(blocks, others []block) []block {
	return where(blocks, func(b block) bool { return len(b.items) > 0 && !slices.ContainsFunc(others, b.equal) })
}

// missing are those of the others with items that the blocks have without any, or
// not at all.
func missing(blocks, others []block) []block {
	return where(others, func(other block) bool {
		filled := slices.ContainsFunc(blocks, func(b block) bool { return b.is(other) && len(b.items) > 0 })
		return len(other.items) > 0 && !filled
	})
}

func where(blocks []block, holds func(block) bool) []block {
	return slices.DeleteFunc(slices.Clone(blocks), func(b block) bool { return !holds(b) })
}

func inTable(blocks []block, table string) []block {
	return where(blocks, func(b block) bool { return b.table == table })
}
