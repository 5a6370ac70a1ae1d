package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mybridge/test/bench/figures"
	"mybridge/test/bench/traffic"
)

// row is a way with 1 port and with many: worlds, and connections a second.
type row struct {
	way    way
	worlds [2]*world
	rates  [2]figures.Rounds
}

func newRow(ctx context.Context, w way, ports int) (*row, error) {
	r := &row{way: w}
	for i, count := range []int{1, ports} {
		made, err := newWorld(ctx, w, count)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("with %d ports: %w", count, err), r.close())
		}
		r.worlds[i] = made
	}
	return r, nil
}

func (r *row) close() error {
	var failures []error
	for _, w := range r.worlds {
		if w != nil {
			failures = append(failures, w.close())
		}
	}
	return errors.Join(failures...)
}

// ratios are of many ports to 1, one a round.
func (r *row) ratios() figures.Rounds {
	var ratios figures.Rounds
	for i, one := range r.rates[0] {
		ratios = append(ratios, r.rates[1][i]/one)
	}
	return ratios
}

// measure has all figures take turns, every other round backwards.
func measure(ctx context.Context, rows []*row, o options) error {
	type figure struct {
		row  *row
		many int
	}
	var turns []figure
	for _, r := range rows {
		turns = append(turns, figure{r, 0}, figure{r, 1})
	}
	for range o.rounds {
		for _, f := range turns {
			w := f.row.worlds[f.many]
			rate, err := traffic.Rate(w.neighbour, w.target, o.duration)
			if err := errors.Join(err, ctx.Err()); err != nil {
				return fmt.Errorf("measuring %s: %w", f.row.way.name, err)
			}
			f.row.rates[f.many] = append(f.row.rates[f.many], rate)
		}
		slices.Reverse(turns)
	}
	return nil
}
