package iptables

import (
	"fmt"
	"slices"
	"strings"
)

// chain is a chain of a table.
type chain struct{ table, name string }

// ruleset is what is ours in one family: the rules of each of our chains in their
// order, and our jumps in built-in chains. A rule is written as iptables-save
// prints it; one that some version prints differently is only replaced by a
// restore though it was right.
type ruleset map[chain][]string

// parse finds what is ours in what iptables-save printed.
func (n names) parse(saved string) ruleset {
	found, table := ruleset{}, ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"):
			name, _, _ := strings.Cut(line[1:], " ")
			if n.own(name) {
				found[chain{table, name}] = nil
			}
		case strings.HasPrefix(line, "-A "):
			name, rule, _ := strings.Cut(line[3:], " ")
			c := chain{table, name}
			if n.own(name) || n.ownJump(c, rule) {
				found[c] = append(found[c], rule)
			}
		}
	}
	return found
}

// difference is the input of iptables-restore that makes want of have, "" where
// they are the same. Drops come into place before what lets packets pass.
func (n names) difference(have, want ruleset) string {
	var input strings.Builder
	for _, table := range []string{"mangle", "nat", "filter"} {
		if lines := n.changes(table, have, want); len(lines) > 0 {
			fmt.Fprintf(&input, "*%s\n%s\nCOMMIT\n", table, strings.Join(lines, "\n"))
		}
	}
	return input.String()
}

// changes are the lines for one table, in an order in which nothing refers to a
// chain that is not there.
func (n names) changes(table string, have, want ruleset) []string {
	var create, unhook, edit, remove, hook []string
	for _, c := range chainsOf(table, have, want) {
		there, isThere := have[c]
		wanted, isWanted := want[c]
		switch {
		case !n.own(c.name):
			unhook = append(unhook, surplus(c.name, there, wanted)...)
			hook = append(hook, missing(c.name, there, wanted)...)
		case !isWanted:
			edit = append(edit, "-F "+c.name)
			remove = append(remove, "-X "+c.name)
		default:
			if !isThere {
				create = append(create, ":"+c.name+" - [0:0]")
			}
			edit = append(edit, reorder(c.name, there, wanted)...)
		}
	}
	return slices.Concat(create, unhook, edit, remove, hook)
}

// chainsOf are the chains of either ruleset in the table, sorted.
func chainsOf(table string, rulesets ...ruleset) []chain {
	var chains []chain
	for _, r := range rulesets {
		for c := range r {
			if c.table == table {
				chains = append(chains, c)
			}
		}
	}
	slices.SortFunc(chains, func(a, b chain) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(chains)
}

// reorder makes the rules of a chain of ours those wanted, in their order, and
// leaves in place those that are there in that order. Rules go by their numbers,
// from the last, as nobody else changes our chains.
func reorder(name string, there, wanted []string) []string {
	place := map[string]int{}
	for i, rule := range wanted {
		place[rule] = i
	}
	var lines []string
	stays, next := make([]bool, len(wanted)), 0
	for i, rule := range there {
		if p, ok := place[rule]; ok && p >= next {
			stays[p], next = true, p+1
			continue
		}
		lines = append(lines, fmt.Sprintf("-D %s %d", name, i+1))
	}
	slices.Reverse(lines)
	for i, rule := range wanted {
		switch {
		case i >= next:
			lines = append(lines, fmt.Sprintf("-A %s %s", name, rule))
		case !stays[i]:
			lines = append(lines, fmt.Sprintf("-I %s %d %s", name, i+1, rule))
		}
	}
	return lines
}

// surplus deletes from a built-in chain the jumps that are not wanted, or there
// twice. They go by their words: numbers change as others come and go.
func surplus(name string, there, wanted []string) []string {
	var lines []string
	for i, rule := range there {
		if !slices.Contains(wanted, rule) || slices.Contains(there[:i], rule) {
			lines = append(lines, "-D "+name+" "+rule)
		}
	}
	return lines
}

// missing appends to a built-in chain the jumps that it lacks. One that is there
// stays where it is, as another instance may have appended one behind it.
func missing(name string, there, wanted []string) []string {
	var lines []string
	for _, rule := range wanted {
		if !slices.Contains(there, rule) {
			lines = append(lines, "-A "+name+" "+rule)
		}
	}
	return lines
}
