package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// hostFirewalls is the document that the tests of host firewalls follow, so that
// it says what is.
const hostFirewalls = "../../docs/host-firewalls.md"

func readDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(hostFirewalls)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documentedCommands are those below the document's heading.
func documentedCommands(t *testing.T, heading string) string {
	t.Helper()
	_, section, found := strings.Cut(readDocument(t), "\n### "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n### ")
	_, commands, begins := strings.Cut(section, "```sh\n")
	commands, _, ends := strings.Cut(commands, "```\n")
	if !found || !begins || !ends {
		t.Fatalf("%s has no commands below %q", hostFirewalls, heading)
	}
	return commands
}

// documentedRows are the rows of the document's table, with what the column says.
func documentedRows(t *testing.T, column string) map[string]bool {
	t.Helper()
	_, table, _ := strings.Cut(readDocument(t), "\n| |")
	table, _, _ = strings.Cut(table, "\n\n")
	lines := strings.Split(table, "\n")
	number := slices.Index(cells(lines[0]), column)
	if number < 0 || len(lines) < 3 {
		t.Fatalf("%s has no table with a column %q", hostFirewalls, column)
	}
	rows := map[string]bool{}
	for _, line := range lines[2:] { // below the title is a rule
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		rows[name] = cells(rest)[number] == "yes"
	}
	return rows
}

func cells(line string) []string {
	cells := strings.Split(line, "|")
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	return cells
}
