// Package program is what the benchmarks' programs have in common: how they are begun
// and broken off, and how they end.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// Main runs a program with its arguments, whose context ends with an interrupt or a
// polite end, and exits with 1 and the error where there is one. Help that was asked for
// is none.
func Main(name string, run func(ctx context.Context, arguments []string, out, progress io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Parse reads the flags, and refuses any other argument. What is wrong with them, and
// help, is printed to output.
func Parse(flags *flag.FlagSet, arguments []string, output io.Writer) error {
	flags.SetOutput(output)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q is not known: allowed are flags alone", flags.Arg(0))
	}
	return nil
}
