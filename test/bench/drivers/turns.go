package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"mybridge/test/bench/figures"
	"mybridge/test/engine"
)

// taken is the values of some figures, of each driver.
type taken map[driver][]figures.Rounds

// inTurns lets each driver do something once a round, every other round the last one
// first. Nobody begins before the links of the one before are gone.
func inTurns(ctx context.Context, e *engine.Engine, drivers []driver, rounds int, once func(d driver, s *stopwatch)) (taken, error) {
	all := taken{}
	turns := slices.Clone(drivers)
	for range rounds {
		for _, d := range turns {
			values, err := takeOnce(ctx, e, func(s *stopwatch) { once(d, s) })
			if err != nil {
				return nil, fmt.Errorf("driver %s: %w", d.name, err)
			}
			if all[d] == nil {
				all[d] = make([]figures.Rounds, len(values))
			}
			for i, value := range values {
				all[d][i] = append(all[d][i], value)
			}
		}
		slices.Reverse(turns)
	}
	return all, nil
}

// takeOnce returns the times that are taken, when there are no more links than before.
func takeOnce(ctx context.Context, e *engine.Engine, once func(s *stopwatch)) ([]float64, error) {
	before, err := links(e)
	if err != nil {
		return nil, err
	}
	var s stopwatch
	once(&s)
	s.do(func() error { return settle(ctx, e, before) })
	return s.values, s.err
}

// links is how many interfaces the engine's host has.
func links(e *engine.Engine) (int, error) {
	names, err := os.ReadDir(e.Path("/sys/class/net"))
	return len(names), err
}

// settle waits until there are no more than so many links. What a driver does after
// its answer would slow the next.
func settle(ctx context.Context, e *engine.Engine, most int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		count, err := links(e)
		if err != nil || count <= most {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("there are %d links, a minute after all was removed: %d were there before", count, most)
		}
	}
}

// stopwatch takes values one after the other, until something fails.
type stopwatch struct {
	values []float64
	err    error
}

// time calls and takes the time in milliseconds.
func (s *stopwatch) time(call func() error) {
	s.take(func() (float64, error) {
		begun := time.Now()
		err := call()
		return time.Since(begun).Seconds() * 1000, err
	})
}

// take calls and takes the value that is returned.
func (s *stopwatch) take(call func() (float64, error)) {
	if s.err != nil {
		return
	}
	var value float64
	value, s.err = call()
	s.values = append(s.values, value)
}

// do calls and takes nothing.
func (s *stopwatch) do(call func() error) {
	if s.err == nil {
		s.err = call()
	}
}
