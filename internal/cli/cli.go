// Package cli is the command line: commands, flags and their environment
// fallbacks, and what is printed. What the commands do is handed in by main.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"mybridge/driver"
	"mybridge/internal/doctor"
	"mybridge/internal/engine"
	"mybridge/internal/events"
	"mybridge/internal/status"
	"mybridge/ipam"
)

// Addresses is the address manager, in a running plugin or opened from its state.
type Addresses interface {
	Dump(ctx context.Context) (dumped ipam.Bitmaps, left []netip.Prefix, err error)
	Load(ctx context.Context, bitmaps ipam.Bitmaps) error
	Pools(ctx context.Context) ([]ipam.PoolView, error)
	Pool(ctx context.Context, subnet netip.Prefix) (ipam.PoolDetails, error)
	Explain(ctx context.Context, address netip.Addr) (ipam.Explanation, error)
	Reserve(ctx context.Context, address netip.Addr, name string) error
	Release(ctx context.Context, address netip.Addr, force bool) error
	Check(ctx context.Context) ([]ipam.Finding, error)
	Trust(ctx context.Context) error
	Close() error
}

// Target says which plugin is meant, and where its socket and state are.
type Target struct {
	// Name is the driver's.
	Name        string
	AdminSocket string
	StateDir    string
}

// Program is what the commands do.
type Program struct {
	Version string
	// DockerPlugin says that the docker command line started it.
	DockerPlugin bool
	// Serve runs the plugin until ctx is done.
	Serve func(ctx context.Context, config ServeConfig) error
	// OpenAddresses reaches the running plugin, or where none runs its state, and says
	// then that none does.
	OpenAddresses func(ctx context.Context, target Target) (addresses Addresses, notRunning string, err error)
	// PublishedPorts asks the running plugin, or where none runs its state, and says
	// then that none does.
	PublishedPorts func(ctx context.Context, target Target) (ports []driver.PublishedPort, notRunning string, err error)
	// Containers asks the engine that listens on the socket.
	Containers func(ctx context.Context, socket string) ([]engine.Container, error)
	// Examine has the running plugin examine itself, or where none runs its state.
	Examine func(ctx context.Context, target Target, request doctor.Request) (doctor.Report, error)
	// Status asks the running plugin, or where none runs its state.
	Status func(ctx context.Context, target Target) (status.Status, error)
	// Networks asks the engine that listens on the socket.
	Networks func(ctx context.Context, socket string) ([]engine.Network, error)
	// Follow calls each with every event of the running plugin until ctx is done.
	Follow func(ctx context.Context, target Target, each func(events.Event) error) error
}

// Run runs the command that args name and returns the process's exit code: 0, 1
// for a failure or for differences that a check has found, 2 for arguments that
// are not understood or a check that could not tell.
func Run(ctx context.Context, program Program, args []string, stdout, stderr io.Writer) int {
	root := newRoot(program)
	if program.DockerPlugin {
		root = newDockerRoot(program)
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if program.DockerPlugin {
		var stop context.CancelFunc
		ctx, stop = untilDockerEnds(ctx)
		defer stop()
	}
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "mybridge: %v\n", err)
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	name := command.CommandPath()
	if name == "docker" {
		name += " mybridge"
	}
	_, _ = fmt.Fprintf(stderr, "'%s --help' shows what is allowed\n", name)
	return exitUsage
}

func newRoot(program Program) *cobra.Command {
	root := &cobra.Command{
		Use:           "mybridge",
		Short:         "Network driver and address manager for Docker",
		Example:       "  mybridge serve\n  mybridge status\n  mybridge doctor",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			return fromEnvironment(command.Flags())
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newVersion(program), newServe(program), newIPAM(program), newStatus(program), newNetwork(program), newEndpoint(program), newPorts(program), newEvents(program), newDoctor(program), newDockerPluginMetadata(program, root.Short))
	return root
}

func newVersion(program Program) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  mybridge version",
		Args:    asUsed,
		RunE: func(command *cobra.Command, _ []string) error {
			return failure(printed(fmt.Fprintln(command.OutOrStdout(), program.Version)))
		},
	}
}

// printed is the error of a print, which says that it is one.
func printed(_ int, err error) error {
	if err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}
