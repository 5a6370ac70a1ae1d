// The ports program measures how many new TCP connections a second reach a
// container by a published port, and what 999 more published ports cost them.
// 'make bench-ports' runs it, as root.
//
// # How to read the table
//
// Each row is a way to publish ports. "nftables" and "iptables" are the back ends
// as the plugin opens them. "plain DNAT rules" is one iptables rule a port in one
// chain of nat, which is the least that Docker makes: it adds others in other
// chains. The next columns are the medians of connections a second with 1 port
// and with many. RATIO is the median of the second over the first, taken in each
// round, and MIDDLE HALF the quartiles of that: where they are far apart, other
// work disturbed the run. GOAL is what is wanted of RATIO, and MET answers it. The
// program ends with 1 where it is missed.
//
// # What is measured
//
// Each figure has three network namespaces of its own, that of the host between a
// neighbour on the LAN and a container. Clients of the neighbour connect to the
// host's port that was published last, which is what rules that are compared one
// after the other find last; the container resets each connection at once. All
// figures take turns in short slices, every other round backwards, so that a slow
// moment of the machine slows all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"mybridge/test/bench/program"
)

// options are the flags.
type options struct {
	rounds, ports int
	duration      time.Duration
}

func main() { program.Main("bench-ports", run) }

// run measures everything and prints the table. What it is doing goes to progress.
func run(ctx context.Context, arguments []string, out, progress io.Writer) (err error) {
	o, err := parse(arguments, progress)
	if err != nil {
		return err
	}
	var rows []*row
	defer func() {
		for _, r := range rows {
			err = errors.Join(err, r.close())
		}
	}()
	for _, w := range ways {
		fmt.Fprintf(progress, "publishing: %s\n", w.name)
		r, err := newRow(ctx, w, o.ports)
		if err != nil {
			return fmt.Errorf("publishing by %s: %w", w.name, err)
		}
		rows = append(rows, r)
	}
	fmt.Fprintf(progress, "measuring: %d rounds of %s\n", o.rounds, time.Duration(2*len(rows))*o.duration)
	if err := measure(ctx, rows, o); err != nil {
		return err
	}
	if err := printTable(out, rows, o.ports); err != nil {
		return err
	}
	return judge(rows)
}

func parse(arguments []string, output io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench-ports", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 60, "how often each figure is taken")
	flags.IntVar(&o.ports, "ports", 1000, "how many ports are many")
	flags.DurationVar(&o.duration, "duration", 100*time.Millisecond, "how long each figure is taken in a round")
	if err := program.Parse(flags, arguments, output); err != nil {
		return o, err
	}
	switch {
	case o.rounds < 1:
		return o, fmt.Errorf("-rounds is %d: allowed is 1 or more", o.rounds)
	case o.ports < 1 || o.ports > mostPorts:
		return o, fmt.Errorf("-ports is %d: allowed is 1 to %d", o.ports, mostPorts)
	case o.duration <= 0:
		return o, fmt.Errorf("-duration is %s: allowed is more than 0", o.duration)
	}
	return o, nil
}
