package main

import (
	"fmt"
	"io"
	"runtime"

	"mybridge/test/bench/figures"
	"mybridge/test/bench/traffic"
)

// printTable writes the table as text.
func printTable(out io.Writer, rows []*row, ports int) error {
	lines := []string{fmt.Sprintf("CONNECTIONS A SECOND\t1 PORT\t%d PORTS\tRATIO\tMIDDLE HALF\tGOAL\tMET", ports)}
	for _, r := range rows {
		ratios := r.ratios()
		lines = append(lines, fmt.Sprintf("%s\t%.0f\t%.0f\t%.2f\t%.2f – %.2f\t%s\t%s", r.way.name, r.rates[0].Median(), r.rates[1].Median(),
			ratios.Median(), ratios.Quantile(0.25), ratios.Quantile(0.75), r.goal(), figures.Met(r.met())))
	}
	if err := figures.WriteTable(out, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d rounds, %d clients; %s, %s/%s, %d processors\n",
		len(rows[0].rates[0]), traffic.Clients, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return err
}

func (r *row) goal() string {
	if r.way.least == 0 {
		return ""
	}
	return fmt.Sprintf(">= %g", r.way.least)
}

// met answers the goal; nil where there is none.
func (r *row) met() *bool {
	if r.way.least == 0 {
		return nil
	}
	met := !r.missed()
	return &met
}

func (r *row) missed() bool { return r.ratios().Median() < r.way.least }

// judge fails where a goal is missed.
func judge(rows []*row) error {
	for _, r := range rows {
		if r.missed() {
			return fmt.Errorf("%s: the ratio is %.2f: wanted is %g or more", r.way.name, r.ratios().Median(), r.way.least)
		}
	}
	return nil
}
