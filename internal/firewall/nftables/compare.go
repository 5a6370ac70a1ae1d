package nftables

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/nftables"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
)

// compare finds in which way one of our tables is not what is remembered.
func (v view) compare(fixed table) ([]health.Finding, error) {
	there, err := v.list(fixed.family)
	if err != nil {
		return nil, err
	}
	wanted := v.wanted[fixed.family]
	if problem := there.problem(wanted); problem != "" {
		return []health.Finding{v.finding(fixed.family, "", problem)}, nil
	}
	if !wanted {
		return nil, nil
	}
	chains, err := v.compareChains(fixed, there)
	if err != nil {
		return nil, err
	}
	sets, err := v.compareSets(fixed, there)
	return append(chains, sets...), err
}

// problem is what is wrong with the table as a whole, "" for nothing.
func (l *listing) problem(wanted bool) string {
	switch {
	case wanted && l == nil:
		return "is gone"
	case !wanted && l != nil:
		return "is there, and no network needs it"
	case wanted && l.table.Flags != 0: // the only one that others can set
		return "is dormant"
	}
	return ""
}

func (v view) compareChains(fixed table, there *listing) ([]health.Finding, error) {
	var findings []health.Finding
	empty := true
	foreign := maps.Clone(there.chains)
	for _, c := range v.memory.chains(fixed) {
		delete(foreign, c.name)
		problem, rules, err := there.problemOf(c)
		if err != nil {
			return nil, err
		}
		empty = empty && rules == 0
		if problem != "" {
			findings = append(findings, v.finding(fixed.family, "chain "+c.name, problem))
		}
	}
	if empty {
		return []health.Finding{v.finding(fixed.family, "", "has no rule any more")}, nil
	}
	for _, name := range slices.Sorted(maps.Keys(foreign)) {
		findings = append(findings, v.finding(fixed.family, "chain "+name, "is not ours"))
	}
	return findings, nil
}

// problemOf is what is wrong with the chain, "" for nothing, and how many rules it
// has.
func (l *listing) problemOf(c chain) (problem string, rules int, err error) {
	there, ok := l.chains[c.name]
	if !ok {
		return "is gone", 0, nil
	}
	listed, err := l.rules(c.name)
	if err != nil {
		return "", 0, err
	}
	if !c.hook.is(there) {
		return "is called elsewhere, or drops what no rule says", len(listed), nil
	}
	var wanted []*nftables.Rule
	for _, r := range c.rules {
		wanted = append(wanted, r.described())
	}
	return firewall.Difference(listed, wanted, sameRule), len(listed), nil
}

// is reports whether the chain is called by the hook, or by none, and accepts what
// no rule of it drops.
func (h *hook) is(c *nftables.Chain) bool {
	if h == nil || c.Hooknum == nil {
		return h == nil && c.Hooknum == nil
	}
	return *c.Hooknum == *h.number && *c.Priority == *h.priority && c.Type == h.kind && *c.Policy == nftables.ChainPolicyAccept
}

func (v view) compareSets(fixed table, there *listing) ([]health.Finding, error) {
	wanted := v.memory.count()
	var findings []health.Finding
	for _, s := range fixed.sets {
		if !there.sets[s.name] {
			findings = append(findings, v.finding(fixed.family, "set "+s.name, "is gone"))
			continue
		}
		elements, err := there.elements(s)
		if err != nil {
			return nil, err
		}
		surplus := 0
		for _, e := range elements {
			if v.memory.owners[e] == 0 {
				surplus++
			}
		}
		lacking := wanted[s] - (len(elements) - surplus)
		if problem := problemOfElements(lacking, surplus, wanted[s]); problem != "" {
			findings = append(findings, v.finding(fixed.family, "set "+s.name, problem))
		}
	}
	return findings, nil
}

func problemOfElements(lacking, surplus, wanted int) string {
	lacks := fmt.Sprintf("lacks %d of %s", lacking, firewall.Plural(wanted, "element"))
	switch {
	case lacking == 0 && surplus == 0:
		return ""
	case lacking == 0:
		return fmt.Sprintf("has %s too many", firewall.Plural(surplus, "element"))
	case surplus == 0:
		return lacks
	}
	return fmt.Sprintf("%s and has %d too many", lacks, surplus)
}
