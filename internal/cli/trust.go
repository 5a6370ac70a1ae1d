package cli

import "github.com/spf13/cobra"

func newTrust(open ipamOpen) *cobra.Command {
	return &cobra.Command{
		Use:   "trust",
		Short: "Say that all addresses in use are known, after the state was lost",
		Long: `Say that all addresses in use are known, after the state was lost. Pools that were
kept give no dynamic address then until the engine has told which are in use. Where
the engine cannot be asked, look at 'mybridge ipam ls' and 'show', reserve what is
missing, and trust.`,
		Example: "  mybridge ipam trust",
		Args:    asUsed,
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, _ []string) error {
			return addresses.Trust(command.Context())
		}),
	}
}
