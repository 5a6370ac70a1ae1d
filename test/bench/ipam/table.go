package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// rounds are the values of one figure, one a round.
type rounds []float64

// median is the middle value, or between the two that are.
func (r rounds) median() float64 {
	sorted := slices.Sorted(slices.Values(r))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

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

func newRow(part, figure, unit string, values rounds) *row {
	return &row{Part: part, Figure: figure, Unit: unit, Median: values.median(), Lowest: slices.Min(values), Highest: slices.Max(values)}
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
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tMEDIAN\tRANGE\tALLOCS\tRATIO\tGOAL\tMET")
	part, goals, met := "", 0, 0
	for _, r := range t.rows {
		if r.Part != part {
			part = r.Part
			fmt.Fprintf(w, "\t\t\t\t\t\t\n%s\t\t\t\t\t\t\n", part)
		}
		fmt.Fprintf(w, "  %s\t%s %s\t%s – %s\t%s\t%s\t%s\t%s\n",
			r.Figure, digits(r.Median), r.Unit, digits(r.Lowest), digits(r.Highest), r.allocations(), r.ratio(), r.Goal, r.met())
		if r.Met != nil {
			goals++
		}
		if r.Met != nil && *r.Met {
			met++
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "\n%d of %d goals met; %s, %s/%s, %d processors\n",
		met, goals, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return err
}

func (r *row) allocations() string {
	if r.Allocations == nil {
		return ""
	}
	return digits(*r.Allocations)
}

func (r *row) ratio() string {
	if r.Ratio == nil {
		return ""
	}
	return digits(*r.Ratio) + "x " + r.RatioTo
}

func (r *row) met() string {
	switch {
	case r.Met == nil:
		return ""
	case *r.Met:
		return "yes"
	}
	return "NO"
}

// digits writes three digits that count, or a whole number with its thousands.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
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
