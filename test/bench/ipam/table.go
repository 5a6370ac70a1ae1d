package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"mybridge/test/bench/figures"
)

// row is one figure of the table.
type row struct {
	Part   string  `json:"part"`
	Figure string  `json:"figure"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Lowest float64 `json:"lowest"`
	// Highest of the rounds.
	Highest float64 `json:"highest"`
	// Allocations of one call on the heap, where they were counted.
	Allocations *float64 `json:"allocations,omitempty"`
	// Ratio is of this figure to the one that RatioTo names.
	Ratio   *float64 `json:"ratio,omitempty"`
	RatioTo string   `json:"ratio_to,omitempty"`
	Goal    string   `json:"goal,omitempty"`
	Met     *bool    `json:"met,omitempty"`
}

func newRow(part, figure, unit string, values figures.Rounds) *row {
	return &row{Part: part, Figure: figure, Unit: unit, Median: values.Median(), Lowest: slices.Min(values), Highest: slices.Max(values)}
}

func (r *row) withAllocations(n float64) *row {
	r.Allocations = &n
	return r
}

func (r *row) withRatio(ratio float64, to string) *row {
	r.Ratio, r.RatioTo = &ratio, to
	return r
}

func (r *row) withGoal(goal string, met bool) *row {
	r.Goal, r.Met = goal, &met
	return r
}

// table is the rows in the order in which they are printed.
type table struct{ rows []*row }

func (t *table) add(r *row) { t.rows = append(t.rows, r) }

// print writes the table as text, a blank line between the parts.
func (t *table) print(out io.Writer) error {
	lines := []string{"FIGURE\tMEDIAN\tRANGE\tALLOCS\tRATIO\tGOAL\tMET"}
	part, goals, met := "", 0, 0
	for _, r := range t.rows {
		if r.Part != part {
			part = r.Part
			lines = append(lines, "\t\t\t\t\t\t", part+"\t\t\t\t\t\t")
		}
		lines = append(lines, fmt.Sprintf("  %s\t%s %s\t%s – %s\t%s\t%s\t%s\t%s", r.Figure, figures.Digits(r.Median), r.Unit,
			figures.Digits(r.Lowest), figures.Digits(r.Highest), r.allocations(), r.ratio(), r.Goal, figures.Met(r.Met)))
		if r.Met != nil {
			goals++
		}
		if r.Met != nil && *r.Met {
			met++
		}
	}
	if err := figures.WriteTable(out, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d of %d goals met; %s, %s/%s, %d processors\n",
		met, goals, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return err
}

func (r *row) allocations() string {
	if r.Allocations == nil {
		return ""
	}
	return figures.Digits(*r.Allocations)
}

func (r *row) ratio() string {
	if r.Ratio == nil {
		return ""
	}
	return figures.Digits(*r.Ratio) + "x " + r.RatioTo
}

// writeJSON writes the rows and what they were taken on.
func (t *table) writeJSON(path string) error {
	content, err := json.MarshalIndent(map[string]any{
		"go": runtime.Version(), "processors": runtime.NumCPU(), "rows": t.rows,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}
