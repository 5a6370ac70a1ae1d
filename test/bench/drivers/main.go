// The drivers program measures mybridge beside the engine's own driver, on real engines
// (see package engine) that it drives by their API. It prints a table, and writes it as
// Markdown and JSON, with curves of the time that published ports take. 'make bench'
// runs it, as root, and writes docs/benchmarks.md, which says how to read the table.
//
// What an operation is stands in operations.go, what is wanted of it in goals.go. A goal
// that is missed is told and no error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"mybridge/test/bench/program"
	"mybridge/test/engine"
)

// options are the flags.
type options struct {
	rounds     int
	engines    string
	operations string
	output     string
}

func main() { program.Main("bench", run) }

// run measures everything and prints the table. What it is doing goes to progress.
func run(ctx context.Context, arguments []string, out, progress io.Writer) error {
	o, err := parse(arguments, progress)
	if err != nil {
		return err
	}
	b := &bench{options: o, progress: progress, report: report{Machine: thisMachine()}}
	err = during(progress, func(l *lifetime) error { return b.measure(ctx, l) })
	// A failure takes nothing away from what was measured before.
	err = errors.Join(err, b.report.print(out))
	if err != nil || o.output == "" {
		return err
	}
	return b.report.write(o.output)
}

// bench is one run.
type bench struct {
	options
	progress io.Writer
	report   report
}

func (b *bench) measure(ctx context.Context, l *lifetime) error {
	var roots []engine.Root
	for _, root := range engine.Roots(l) {
		if b.engines == "" || slices.Contains(strings.Split(b.engines, ","), root.Name) {
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 {
		return fmt.Errorf("-engines is %s: allowed are %s", b.engines, strings.Join(engine.Versions(l), ","))
	}
	programs, err := build(ctx, l.TempDir())
	if err != nil {
		return err
	}
	for _, root := range roots {
		err := during(b.progress, func(l *lifetime) error { return b.measureEngine(ctx, startHost(l, root, programs)) })
		if err != nil {
			return fmt.Errorf("engine %s: %w", root.Name, err)
		}
	}
	if !b.wanted(scaleOperation) {
		return nil
	}
	fmt.Fprintf(b.progress, "the plugin alone: %s\n", scaleOperation)
	rows, err := measureScale(ctx, b.progress, roots[len(roots)-1], programs.mybridge, b.rounds)
	b.report.Rows = append(b.report.Rows, rows...)
	return err
}

func (b *bench) measureEngine(ctx context.Context, h *host) error {
	b.report.Engines = append(b.report.Engines, factsOf(h))
	for _, o := range operations() {
		if !b.wanted(o.name) {
			continue
		}
		rounds := max(1, b.rounds/o.share)
		fmt.Fprintf(b.progress, "engine %s: %s, %d rounds\n", h.Root().Name, o.name, rounds)
		rows, err := o.measure(ctx, h, rounds)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", o.name, err)
		}
		b.report.Rows = append(b.report.Rows, rows...)
	}
	return nil
}

func (b *bench) wanted(operation string) bool {
	return b.operations == "" || slices.Contains(strings.Split(b.operations, ","), operation)
}

func parse(arguments []string, output io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 12, "how often the quick operations are measured; the slow ones are a share of it")
	flags.StringVar(&o.engines, "engines", "", "which engines, such as 20.10,28.5; all if empty")
	flags.StringVar(&o.operations, "operations", "", "which operations: "+strings.Join(operationNames(), ",")+"; all if empty")
	flags.StringVar(&o.output, "output", "", "a directory to write benchmarks.md and benchmarks/ to; none if empty")
	if err := program.Parse(flags, arguments, output); err != nil {
		return o, err
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds is %d: allowed is 1 or more", o.rounds)
	}
	for name := range strings.SplitSeq(o.operations, ",") {
		if name != "" && !slices.Contains(operationNames(), name) {
			return o, fmt.Errorf("-operations has %q: allowed are %s", name, strings.Join(operationNames(), ","))
		}
	}
	return o, nil
}

func operationNames() []string {
	var names []string
	for _, o := range operations() {
		names = append(names, o.name)
	}
	return append(names, scaleOperation)
}
