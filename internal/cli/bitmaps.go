package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newDump(open ipamOpen) *cobra.Command {
	return &cobra.Command{
		Use:   "dump",
		Short: "Print the bitmaps of all pools as JSON",
		Long: `Print the bitmaps of all IPv4 pools as JSON: from each subnet to a string with a
character for each host number from 1 up, 1 where the address is taken. What has
no such string is left out and named on stderr: IPv6, subnets wider than a /12,
and single addresses reserved outside of any pool.`,
		Example: `  mybridge ipam dump
  {"192.168.0.0/24":"1110…"}`,
		Args: asUsed,
		RunE: open(exitFailure, dump),
	}
}

func dump(command *cobra.Command, addresses Addresses, _ []string) error {
	bitmaps, left, err := addresses.Dump(command.Context())
	if err != nil {
		return err
	}
	for _, subnet := range left {
		if err := printed(fmt.Fprintf(command.ErrOrStderr(), "%s is left out: only IPv4 subnets from /12 to /31 have a bitmap here\n", subnet)); err != nil {
			return err
		}
	}
	return printJSON(command, bitmaps)
}

func newLoad(open ipamOpen) *cobra.Command {
	return &cobra.Command{
		Use:   "load FILE",
		Short: "Reserve every address that is taken in a bitmap file",
		Long: `Reserve every address that is 1 in a file of the form that 'ipam dump' prints.
It is given to nobody until 'ipam release' ends the reservation.`,
		Example: "  mybridge ipam load ipam.json",
		Args:    asUsed,
		RunE:    open(exitFailure, load),
	}
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
