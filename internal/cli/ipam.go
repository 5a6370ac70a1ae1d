package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newIPAM(program Program) *cobra.Command {
	command := &cobra.Command{
		Use:   "ipam",
		Short: "See and steer addresses",
		Long: `See and steer addresses, in the running plugin or, where none runs, in its state
directory. No command needs the engine.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	var target Target
	addTargetFlags(command.PersistentFlags(), &target, adminSocket(defaultName))
	// open runs do with the address manager.
	open := func(do func(command *cobra.Command, addresses Addresses, args []string) error) func(*cobra.Command, []string) error {
		return func(command *cobra.Command, args []string) (err error) {
			if target.AdminSocket == "" {
				target.AdminSocket = adminSocket(defaultName)
			}
			addresses, err := program.OpenAddresses(command.Context(), target)
			if err != nil {
				return failure{err}
			}
			if err := errors.Join(do(command, addresses, args), addresses.Close()); err != nil {
				return failure{err}
			}
			return nil
		}
	}
	command.AddCommand(
		&cobra.Command{
			Use:   "dump",
			Short: "Print the bitmaps of all pools as JSON",
			Long: `Print the bitmaps of all IPv4 pools as JSON: from each subnet to a string with a
character for each host number from 1 up, 1 where the address is taken.`,
			Example: `  mybridge ipam dump
  {"192.168.0.0/24":"1110…"}`,
			Args: cobra.NoArgs,
			RunE: open(dump),
		},
		&cobra.Command{
			Use:   "load FILE",
			Short: "Reserve every address that is taken in a bitmap file",
			Long: `Reserve every address that is 1 in a file of the form that 'ipam dump' prints.
It is given to nobody until 'ipam release' ends the reservation.`,
			Example: "  mybridge ipam load ipam.json",
			Args:    cobra.ExactArgs(1),
			RunE:    open(load),
		},
		&cobra.Command{
			Use:     "release ADDRESS",
			Short:   "End the reservation of an address",
			Example: "  mybridge ipam release 192.168.0.7",
			Args:    cobra.MatchAll(cobra.ExactArgs(1), isAddress),
			RunE:    open(release),
		},
	)
	return command
}

func dump(command *cobra.Command, addresses Addresses, _ []string) error {
	bitmaps, left, err := addresses.Dump(command.Context())
	if err != nil {
		return err
	}
	for _, pool := range left {
		if err := printed(fmt.Fprintf(command.ErrOrStderr(), "pool %s is left out: only IPv4 pools up to a /12 have a bitmap here\n", pool)); err != nil {
			return err
		}
	}
	return json.NewEncoder(command.OutOrStdout()).Encode(bitmaps)
}

func load(command *cobra.Command, addresses Addresses, args []string) (err error) {
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	bitmaps, err := ipam.ReadBitmaps(file)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return addresses.Load(command.Context(), bitmaps)
}

func isAddress(_ *cobra.Command, args []string) error {
	_, err := ipam.ParseAddress("address", args[0])
	return err
}

func release(command *cobra.Command, addresses Addresses, args []string) error {
	return addresses.Release(command.Context(), netip.MustParseAddr(args[0]))
}
