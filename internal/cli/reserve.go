package cli

import (
	"net/netip"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newReserve(open ipamOpen) *cobra.Command {
	var name string
	command := &cobra.Command{
		Use:   "reserve ADDRESS",
		Short: "Keep an address from being given until it is released",
		Long: `Keep an address from being given until 'mybridge ipam release'. It may be in use:
then it stays reserved after its lease. It may lie in no pool: then the reservation
waits for one. For an address that is reserved already, the name is replaced.`,
		Example: "  mybridge ipam reserve 192.168.0.9 --name printer",
		Args:    oneAddress,
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, args []string) error {
			return addresses.Reserve(command.Context(), netip.MustParseAddr(args[0]), name)
		}),
	}
	checkReserved := func(text string) error {
		_, err := ipam.ParseReservationName("name", text)
		return err
	}
	command.Flags().Var(newChecked(&name, "", checkReserved), "name", "what the address is reserved for, shown by 'ipam show'")
	setVariable(command.Flags(), "name", "")
	return command
}

func newRelease(open ipamOpen) *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use:   "release ADDRESS",
		Short: "End the reservation of an address, or its lease",
		Long: `End the reservation of an address; where there is none, end its lease. A lease is
not ended while an endpoint of this driver uses it, or while it is the gateway of a
network of this driver: with --force it is, and then the address can be given to a
second container.`,
		Example: "  mybridge ipam release 192.168.0.9",
		Args:    oneAddress,
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, args []string) error {
			return addresses.Release(command.Context(), netip.MustParseAddr(args[0]), force)
		}),
	}
	command.Flags().BoolVar(&force, "force", false, "end the lease although it is in use")
	setVariable(command.Flags(), "force", "")
	return command
}
