package engine

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Snapshot returns the engine's links with their addresses, and its firewall
// rules, as lines that only differ when something was added, changed or
// removed. Tests compare it before and after. What changes by itself, and what
// looking or adding and removing a rule leaves behind (a table or chain of the
// kernel's own without any rule), is not in it.
func (e *Engine) Snapshot() string {
	e.t.Helper()
	var lines []string
	lines = append(lines, linkLines(e.MustRun("ip", "-o", "link"))...)
	lines = append(lines, addressLines(e.MustRun("ip", "-o", "address"))...)
	// The order of rules within a chain means something.
	slices.Sort(lines)
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, line := range ruleLines(e.MustRun(family + "-save")) {
			lines = append(lines, family+" "+line)
		}
	}
	lines = append(lines, tableLines(e.MustRun("nft", "--stateless", "list", "ruleset"))...)
	return strings.Join(lines, "\n") + "\n"
}

// linkLines reads lines such as "2: veth1@if3: <UP> mtu 1500 ...".
func linkLines(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		name, _, _ := strings.Cut(strings.Fields(line)[1], "@")
		lines = append(lines, "link "+strings.TrimSuffix(name, ":"))
	}
	return lines
}

// addressLines reads lines such as "2: eth0    inet 192.0.2.1/24 scope ...".
// The kernel's own IPv6 addresses come and go with a link's carrier.
func addressLines(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(fields[3], "fe80:") {
			lines = append(lines, "address "+fields[1]+" "+fields[3])
		}
	}
	return lines
}

var packetCounters = regexp.MustCompile(` \[\d+:\d+\]$`)

// ruleLines reads the output of iptables-save.
func ruleLines(output string) []string {
	tables := make(map[string][]string)
	table := ""
	for line := range strings.Lines(output) {
		line = packetCounters.ReplaceAllString(strings.TrimSpace(line), "")
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, "#") && strings.Contains(line, "incompatible"):
			// Rules that iptables cannot show are worth a difference.
			tables[table] = append(tables[table], line)
		case strings.HasPrefix(line, ":") && !strings.HasSuffix(line, " ACCEPT"):
			tables[table] = append(tables[table], line)
		case strings.HasPrefix(line, "-"):
			tables[table] = append(tables[table], line)
		}
	}

	var lines []string
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		slices.SortStableFunc(tables[name], compareChains)
		for _, line := range tables[name] {
			lines = append(lines, name+" "+line)
		}
	}
	return lines
}

// compareChains orders the lines of a table by kind and chain, and leaves the
// order within a chain to the stable sort.
func compareChains(a, b string) int {
	return strings.Compare(chainOf(a), chainOf(b))
}

func chainOf(line string) string {
	fields := strings.Fields(line)
	if fields[0] == "-A" {
		return "-A " + fields[1]
	}
	return fields[0]
}

// compatibilityTable matches the tables that iptables shows.
var compatibilityTable = regexp.MustCompile(`^table ip6? (raw|mangle|nat|filter|security) \{`)

// tableLines reads the output of nft, without the tables of iptables.
func tableLines(output string) []string {
	var lines []string
	skipping := false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "table ") {
			skipping = compatibilityTable.MatchString(line)
		}
		if !skipping && !strings.HasPrefix(line, "#") && line != "" {
			lines = append(lines, "nft "+line)
		}
	}
	return lines
}
