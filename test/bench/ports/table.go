package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// printTable writes the table as text.
func printTable(out io.Writer, rows []*row, ports int) error {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "CONNECTIONS A SECOND\t1 PORT\t%d PORTS\tRATIO\tMIDDLE HALF\tGOAL\tMET\n", ports)
	for _, r := range rows {
		ratios := r.ratios()
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f\t%.2f – %.2f\t%s\t%s\n", r.way.name, r.rates[0].median(), r.rates[1].median(),
			ratios.median(), ratios.quantile(0.25), ratios.quantile(0.75), r.goal(), r.met())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "\n%d rounds, %d clients; %s, %s/%s, %d processors\n",
		len(rows[0].rates[0]), clients, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return err
}

func (r *row) goal() string {
	if r.way.least == 0 {
		return ""
	}
	return fmt.Sprintf(">= %g", r.way.least)
}

func (r *row) met() string {
	switch {
	case r.way.least == 0:
		return ""
	case r.missed():
		return "NO"
	}
	return "yes"
}

func (r *row) missed() bool { return r.ratios().median() < r.way.least }

// judge fails where a goal is missed.
func judge(rows []*row) error {
	for _, r := range rows {
		if r.missed() {
			return fmt.Errorf("%s: the ratio is %.2f: wanted is %g or more", r.way.name, r.ratios().median(), r.way.least)
		}
	}
	return nil
}
