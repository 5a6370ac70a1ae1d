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
// FORWARD to the end: it deletes the first of two.
func (n names) moveAccepts() string {
	return fmt.Sprintf("*filter\n-A FORWARD -j %[1]s\n-D FORWARD -j %[1]s\nCOMMIT\n", n.name("FORWARD"))
}
