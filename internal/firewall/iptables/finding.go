package iptables

import (
	"fmt"
	"slices"
	"strings"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
)

// compare finds in which way what is there is not what is wanted.
func (f *family) compare(there found, wanted ruleset) []health.Finding {
	var findings []health.Finding
	for _, table := range []string{"mangle", "nat", "filter"} {
		for _, c := range chainsOf(table, there.ruleset, wanted) {
			if !f.names.own(c.name) {
				findings = append(findings, f.compareJumps(c, there.ruleset[c], wanted[c])...)
				continue
			}
			if problem := problemOf(c, there.ruleset, wanted); problem != "" {
				findings = append(findings, f.finding(c, "chain "+c.name, problem))
			}
		}
	}
	if there.overtaken != "" {
		finding := f.finding(chain{"filter", "FORWARD"}, "jump from FORWARD to "+f.names.name("FORWARD"), "stands before "+there.overtaken)
		finding.Meaning = "what that chain drops of containers' packets passes nevertheless"
		findings = append(findings, finding)
	}
	return findings
}

// problemOf is what is wrong with a chain of ours, "" for nothing.
func problemOf(c chain, there, wanted ruleset) string {
	rules, isThere := there[c]
	want, isWanted := wanted[c]
	switch {
	case !isThere:
		return "is gone"
	case !isWanted:
		return "is there, and no network needs it"
	}
	return firewall.Difference(rules, want, func(a, b string) bool { return a == b })
}

// compareJumps looks at our jumps in a built-in chain. Their order is nothing to us.
func (f *family) compareJumps(c chain, there, wanted []string) []health.Finding {
	times := map[string]int{}
	for _, jump := range there {
		times[jump]++
	}
	var findings []health.Finding
	for _, jump := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(there, wanted)))) {
		problem := ""
		switch {
		case times[jump] == 0:
			problem = "is gone"
		case !slices.Contains(wanted, jump):
			problem = "is there, and no network needs it"
		case times[jump] > 1:
			problem = fmt.Sprintf("is there %d times", times[jump])
		}
		if problem != "" {
			subject := fmt.Sprintf("jump from %s to %s", c.name, strings.TrimPrefix(jump, "-j "))
			findings = append(findings, f.finding(c, subject, problem))
		}
	}
	return findings
}

// meanings are what follows from a damage in a table for users.
var meanings = map[string]string{
	"mangle": "containers may be reached by whom they should not, or not by whom they should",
	"nat":    "published ports may not be reached, and containers not what is outside of their network",
	"filter": "where the host forwards nothing by its policy, as with Docker, containers reach nobody outside",
}

func (f *family) finding(c chain, part, problem string) health.Finding {
	return health.Finding{
		Part: health.Rules, Subject: fmt.Sprintf("%s %s of table %s", f.program, part, c.table), Problem: problem,
		Meaning: meanings[c.table], Fix: "put our rules in place again, and leave what is right",
	}
}
