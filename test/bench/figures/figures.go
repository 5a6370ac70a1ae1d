// Package figures is what the benchmarks' tables have in common: the middle of the
// values that were taken in rounds, and how they are printed.
package figures

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Rounds are the values of one figure, one a round.
type Rounds []float64

// Median is the middle value, or between the two that are.
func (r Rounds) Median() float64 { return r.Quantile(0.5) }

// Quantile is the value below which that share of the values lie, between the two
// next to it.
func (r Rounds) Quantile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(r))
	below, part := math.Modf(share * float64(len(sorted)-1))
	lower, upper := sorted[int(below)], sorted[int(math.Ceil(below+part))]
	return lower + part*(upper-lower)
}

// Digits writes three digits that count, or a whole number with its thousands.
func Digits(v float64) string {
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

// Met is how a table answers a goal: a word, or nothing where there is no goal.
func Met(met *bool) string {
	switch {
	case met == nil:
		return ""
	case *met:
		return "yes"
	}
	return "NO"
}

// WriteTable writes lines whose cells are separated by tabs, in columns, and no
// spaces behind the last.
func WriteTable(out io.Writer, lines []string) error {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
