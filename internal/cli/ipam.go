package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

// ipamRun is what an ipam command does with the address manager.
type ipamRun func(command *cobra.Command, addresses Addresses, args []string) error

// ipamOpen makes a command's RunE: it opens the address manager and closes it
// again. An error without a code of its own gets the code given.
type ipamOpen func(code int, run ipamRun) func(*cobra.Command, []string) error

func newIPAM(program Program) *cobra.Command {
	command := &cobra.Command{
		Use:   "ipam",
		Short: "See and steer addresses",
		Long: `See and steer addresses, in the running plugin or, where none runs, in its state
directory, which is said on stderr. No command needs the engine.

The exit code is 0, 1 for a failure or for differences that 'ipam check' has found,
2 for arguments that are not understood or where 'ipam check' could not tell.`,
		Example: "  mybridge ipam ls\n  mybridge ipam explain 192.168.0.7",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	var target Target
	flags := command.PersistentFlags()
	addDriverFlag(flags, &target)
	addTargetFlags(flags, &target)
	open := func(code int, run ipamRun) func(*cobra.Command, []string) error {
		return func(command *cobra.Command, args []string) error {
			target.setSocket()
			addresses, notRunning, err := program.OpenAddresses(command.Context(), target)
			if err != nil {
				return withCode(code, err)
			}
			if notRunning != "" {
				err = printed(fmt.Fprintf(command.ErrOrStderr(), "%s: its state is used\n", notRunning))
			}
			return withCode(code, errors.Join(err, run(command, addresses, args), addresses.Close()))
		}
	}
	for _, add := range []func(ipamOpen) *cobra.Command{
		newList, newShow, newExplain, newReserve, newRelease, newCheck, newTrust, newDump, newLoad,
	} {
		command.AddCommand(add(open))
	}
	return command
}

// oneAddress takes one argument, an address.
var oneAddress = cobra.MatchAll(asUsed, func(_ *cobra.Command, args []string) error {
	_, err := ipam.ParseAddress("address", args[0])
	return err
})
