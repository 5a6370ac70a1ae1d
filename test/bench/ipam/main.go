// The ipam program measures the address manager and prints one table: how long
// an allocation takes in memory, how many a second are committed, how soon a
// manager with many leases is back after a start, and the same for the design
// that kept all pools in one JSON file. 'make bench-ipam' runs it.
//
// # How to read the table
//
// Each row is one figure. MEDIAN is that of the rounds, and RANGE their lowest
// and highest: where the range is wide, other work disturbed the run. ALLOCS is
// the heap allocations of one call. RATIO sets the figure against another of
// the same run, which the row names: where it is a rate, more is better, where
// it is a time, less. GOAL is what is wanted of MEDIAN or, with an x, of RATIO;
// a row without one is there to compare with. MET answers the goal.
//
// In memory, a call finds the next free address from a moving cursor, takes it,
// and frees another at random; the taken addresses are spread at random too.
//
// Durable allocations go through the manager onto a real state file; each is on
// the disk before it counts. Their floor is what the disk does at best: 64 bytes
// overwritten in place, then fdatasync, again and again by one caller. More than
// one caller can be faster than the floor, as one sync does for all who wait.
// Floor and callers take turns, so that a slow minute of the disk slows both,
// and the ratio is taken in each turn.
//
// A start is a new process that opens a state whose file is in the page cache,
// until the manager could answer. The heap is what the leases need for good: the
// live heap behind the garbage collector's back, with store and manager open,
// less that before.
//
// The whole-file design reads the file, sets the first 0 to 1 and writes the
// file, for each allocation. "overwritten" is as it was: nothing is synced, so a
// crash can take the file. "synced" is what it takes to survive one: a temporary
// file, fsync, rename, and fsync of the directory. Its ratio is to the time of
// one write of the floor, measured in the same round.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"mybridge/test/bench/program"
)

// options are the flags.
type options struct {
	rounds        int
	duration      time.Duration
	pools, leases int
	directory     string
	json          string
}

func main() {
	if openAndReport() {
		return
	}
	program.Main("bench-ipam", run)
}

// run measures everything and prints the table. What it is doing goes to progress.
func run(ctx context.Context, arguments []string, out, progress io.Writer) (err error) {
	o, err := parse(arguments, progress)
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp(o.directory, "mybridge-bench-")
	if err != nil {
		return fmt.Errorf("making a directory to measure in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	b := bench{options: o, temporary: directory}
	for _, part := range []struct {
		what    string
		measure func(context.Context) error
	}{
		{"allocation in memory", b.inMemory},
		{"durable allocations", b.durable},
		{"start", b.start},
		{"whole-file design", b.wholeFile},
	} {
		fmt.Fprintf(progress, "measuring: %s\n", part.what)
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", part.what, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := b.table.print(out); err != nil {
		return err
	}
	if o.json == "" {
		return nil
	}
	return b.table.writeJSON(o.json)
}

func parse(arguments []string, output io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench-ipam", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "how often each figure is taken")
	flags.DurationVar(&o.duration, "duration", time.Second, "how long each round of a rate runs, a tenth of it for one of a time")
	flags.IntVar(&o.pools, "pools", 1000, "pools of the state that is started from")
	flags.IntVar(&o.leases, "leases", 1_000_000, "leases in them together")
	flags.StringVar(&o.directory, "directory", "/var/tmp", "where to measure, on a real disk; nothing is left there")
	flags.StringVar(&o.json, "json", "", "also write the table to this file, as JSON")
	if err := program.Parse(flags, arguments, output); err != nil {
		return o, err
	}
	switch {
	case o.rounds < 1:
		return o, fmt.Errorf("-rounds is %d: allowed is 1 or more", o.rounds)
	case o.duration <= 0:
		return o, fmt.Errorf("-duration is %s: allowed is more than 0", o.duration)
	case o.pools < 1 || o.pools > mostPools:
		return o, fmt.Errorf("-pools is %d: allowed is 1 to %d", o.pools, mostPools)
	case o.leases < o.pools || o.leases > o.pools*mostLeasesOfPool:
		return o, fmt.Errorf("-leases is %d: allowed is 1 to %d a pool", o.leases, mostLeasesOfPool)
	}
	return o, nil
}

// bench is one run.
type bench struct {
	options
	table table
	// temporary is a directory of this run alone.
	temporary string
	// bitmapNanoseconds is what the whole-file design is compared with.
	bitmapNanoseconds map[subnet]float64
}
