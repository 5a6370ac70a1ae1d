// Package cli is the command line: commands, flags and their environment
// fallbacks, and what is printed. What the commands do is handed in by main.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mybridge/ipam"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

// Addresses is the address manager, in a running plugin or opened from its state.
type Addresses interface {
	Dump(ctx context.Context) (dumped ipam.Bitmaps, left []netip.Prefix, err error)
	Load(ctx context.Context, bitmaps ipam.Bitmaps) error
	Release(ctx context.Context, address netip.Addr) error
	Close() error
}

// Target says where a plugin's sockets and state are.
type Target struct {
	AdminSocket string
	StateDir    string
}

// Program is what the commands do.
type Program struct {
	Version string
	// Serve runs the plugin until ctx is done.
	Serve func(ctx context.Context, config ServeConfig) error
	// OpenAddresses reaches the running plugin, or where none runs its state.
	OpenAddresses func(ctx context.Context, target Target) (Addresses, error)
}

// Run runs the command that args name and returns the process's exit code: 0,
// 1 for a failure, 2 for arguments that are not understood.
func Run(ctx context.Context, program Program, args []string, stdout, stderr io.Writer) int {
	root := newRoot(program)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "mybridge: %v\n", err)
	if _, ok := errors.AsType[failure](err); ok {
		return exitFailure
	}
	_, _ = fmt.Fprintln(stderr, "'mybridge --help' lists the commands and their flags")
	return exitUsage
}

// failure is an error of a command that understood its arguments.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func newRoot(program Program) *cobra.Command {
	root := &cobra.Command{
		Use:           "mybridge",
		Short:         "Network driver and address manager for Docker",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			return fromEnvironment(command.Flags())
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newVersion(program), newServe(program), newIPAM(program))
	return root
}

func newVersion(program Program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return printed(fmt.Fprintln(command.OutOrStdout(), program.Version))
		},
	}
}

// fromEnvironment gives each flag that was not typed the value of its variable:
// MYBRIDGE_STATE_DIR for --state-dir.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failures []error
	flags.VisitAll(func(flag *pflag.Flag) {
		variable := "MYBRIDGE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, set := os.LookupEnv(variable)
		if !set || flag.Changed || flag.Name == "help" {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failures = append(failures, fmt.Errorf("environment variable %s: %w", variable, err))
		}
	})
	return errors.Join(failures...)
}

// addTargetFlags leaves the socket empty where none is given, as its default may
// depend on another flag; the help shows socketDefault.
func addTargetFlags(flags *pflag.FlagSet, target *Target, socketDefault string) {
	flags.StringVar(&target.AdminSocket, "admin-socket", "", "socket for the commands that talk to the plugin (default "+socketDefault+")")
	flags.StringVar(&target.StateDir, "state-dir", "/var/lib/mybridge", "directory of the state")
}

// printed turns what a print returns into a command's failure.
func printed(_ int, err error) error {
	if err != nil {
		return failure{fmt.Errorf("writing the output: %w", err)}
	}
	return nil
}
