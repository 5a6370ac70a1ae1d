package iptables

import (
	"fmt"
	"strings"
)

// overtaken returns a chain of the engine's in filter FORWARD that our jump stands
// before, although it is for the user (DOCKER-USER) and the engine to speak first;
// "" where there is none. What the engine inserts again at the top is right.
func (n names) overtaken(saved string) string {
	table, ours, before := "", false, map[string]bool{}
	for line := range strings.Lines(saved) {
		if strings.HasPrefix(line, "*") {
			table = strings.TrimSpace(line[1:])
		}
		fields := strings.Fields(line)
		if table != "filter" || len(fields) < 4 || fields[0] != "-A" || fields[1] != "FORWARD" || fields[len(fields)-2] != "-j" {
			continue
		}
		target := fields[len(fields)-1]
		switch {
		case target == n.name("FORWARD"):
			ours = true
		case target != "DOCKER" && !strings.HasPrefix(target, "DOCKER-"):
		case !ours:
			before[target] = true
		case !before[target]:
			return target
		}
	}
	return ""
}

// moveAccepts is the input of iptables-restore that moves our jump in filter
// FORWARD to the end, or where placed puts it: it deletes the first of two.
func (n names) moveAccepts() string {
	return fmt.Sprintf("*filter\n-A FORWARD -j %[1]s\n-D FORWARD -j %[1]s\nCOMMIT\n", n.name("FORWARD"))
}

// closing is the number of the last rule of filter FORWARD where that drops or
// rejects whatever comes to it, and 0 where it does not. It stands for the policy:
// some distributions come with such a rule, and what stands behind it is never
// reached.
func closing(saved string) int {
	table, number, last := "", 0, ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "*") {
			table = line[1:]
		}
		if rule, ok := strings.CutPrefix(line, "-A FORWARD "); ok && table == "filter" {
			number, last = number+1, rule
		}
	}
	if last == "-j DROP" || strings.HasPrefix(last, "-j REJECT") {
		return number
	}
	return 0
}

// placed puts the jump to our accepts before the rule of that number, where there
// is one, instead of at the end.
func (n names) placed(input string, before int) string {
	if before == 0 {
		return input
	}
	head, filter, found := strings.Cut(input, "*filter\n")
	if !found {
		return input
	}
	appended := fmt.Sprintf("-A FORWARD -j %s\n", n.name("FORWARD"))
	inserted := fmt.Sprintf("-I FORWARD %d -j %s\n", before, n.name("FORWARD"))
	ours, rest, _ := strings.Cut(filter, "COMMIT\n")
	return head + "*filter\n" + strings.Replace(ours, appended, inserted, 1) + "COMMIT\n" + rest
}
