package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// rounds are the values of one figure, one a round.
type rounds []float64

// median is the middle value, or between the two that are.
func (r rounds) median() float64 { return r.quantile(0.5) }

// quantile is the value below which that share of the values lie, between the two
// next to it.
func (r rounds) quantile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(r))
	place := share * float64(len(sorted)-1)
	below, part := math.Modf(place)
	lower, upper := sorted[int(below)], sorted[int(math.Ceil(place))]
	return lower + part*(upper-lower)
}

// row is a way with 1 port and with many: worlds, and connections a second.
type row struct {
	way    way
	worlds [2]*world
	rates  [2]rounds
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
func (r *row) ratios() rounds {
	var ratios rounds
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
	var figures []figure
	for _, r := range rows {
		figures = append(figures, figure{r, 0}, figure{r, 1})
	}
	for range o.rounds {
		for _, f := range figures {
			rate, err := f.row.worlds[f.many].rate(o.duration)
			if err := errors.Join(err, ctx.Err()); err != nil {
				return fmt.Errorf("measuring %s: %w", f.row.way.name, err)
			}
			f.row.rates[f.many] = append(f.row.rates[f.many], rate)
		}
		slices.Reverse(figures)
	}
	return nil
}
