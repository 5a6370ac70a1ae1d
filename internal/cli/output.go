package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// addJSONFlag gives the command the choice between a table and JSON.
func addJSONFlag(command *cobra.Command, asJSON *bool) {
	command.Flags().BoolVar(asJSON, "json", false, "print JSON, for programs")
	setVariable(command.Flags(), "json", "")
}

// newLines writes each value on a line of its own, as "->" and not as "-\u003e".
func newLines(to io.Writer) *json.Encoder {
	lines := json.NewEncoder(to)
	lines.SetEscapeHTML(false)
	return lines
}

// printJSON prints the value on one line.
func printJSON(command *cobra.Command, value any) error {
	return printed(0, newLines(command.OutOrStdout()).Encode(value))
}

// printJSONList prints a list, [] for none.
func printJSONList[T any](command *cobra.Command, list []T) error {
	return printJSON(command, append([]T{}, list...))
}

// printTable prints the rows in columns, the heads above them. An empty cell
// shows as "-".
func printTable(command *cobra.Command, heads []string, rows [][]string) error {
	table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{heads}, rows...) {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		if err := printed(fmt.Fprintln(table, strings.Join(row, "\t"))); err != nil {
			return err
		}
	}
	return printed(0, table.Flush())
}

// timeCell is the time in the host's time zone, empty for none.
func timeCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}
