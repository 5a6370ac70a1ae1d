package cli

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"
)

func newExplain(open ipamOpen) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "explain ADDRESS",
		Short: "Say why an address is given or not",
		Long: `Say why an address is given or not: who has it, how long it rests, for whom it is
remembered, or why it is nobody's.`,
		Example: "  mybridge ipam explain 192.168.0.7\n  mybridge ipam explain 192.168.0.7 --json | jq .given",
		Args:    oneAddress,
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, args []string) error {
			explanation, err := addresses.Explain(command.Context(), netip.MustParseAddr(args[0]))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(command, explanation)
			}
			heading := explanation.Address.String()
			if explanation.Pool.IsValid() {
				heading += " of pool " + explanation.Pool.String()
			}
			return printed(fmt.Fprintf(command.OutOrStdout(), "%s: %s\n%s\n", heading, explanation.State, explanation.Reason))
		}),
	}
	addJSONFlag(command, &asJSON)
	return command
}
