package main

import (
	"fmt"
	"io"
	"strings"

	"mybridge/test/bench/figures"
)

// report is all that a run found out.
type report struct {
	Machine machine       `json:"machine"`
	Engines []engineFacts `json:"engines"`
	Rows    []*row        `json:"rows"`
}

// engineFacts is what an engine was measured with.
type engineFacts struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// IPTables is the program that the built-in driver makes its rules with.
	IPTables string `json:"iptables"`
}

func factsOf(h *host) engineFacts {
	return engineFacts{h.Root().Name, h.Root().Version, h.MustRun("iptables", "--version")}
}

// enginePart is what the engine's rows stand under.
func enginePart(version string) string { return "Engine " + version }

// print writes the table as text, a blank line between the parts; nothing where nothing
// was measured.
func (r *report) print(out io.Writer) error {
	if len(r.Rows) == 0 {
		return nil
	}
	lines := []string{"FIGURE\tBRIDGE\tRANGE\tMYBRIDGE\tRANGE\tUNIT\tROUNDS\tRATIO\tGOAL\tMET\tFLOOR"}
	goals, met := 0, 0
	for _, p := range r.parts() {
		lines = append(lines, strings.Repeat("\t", 10), p.Name+strings.Repeat("\t", 10))
		for _, row := range p.Rows {
			lines = append(lines, fmt.Sprintf("  %s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s", row.Figure, row.BuiltIn.median(), row.BuiltIn.span(),
				row.Mybridge.median(), row.Mybridge.span(), row.Unit, row.Mybridge.Rounds, row.RatioText(), row.Goal, row.MetText(), row.FloorText()))
			if row.Met != nil {
				goals++
			}
			if row.Met != nil && *row.Met {
				met++
			}
		}
	}
	if err := figures.WriteTable(out, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d of %d goals met; %s\n", met, goals, r.Machine)
	return err
}
