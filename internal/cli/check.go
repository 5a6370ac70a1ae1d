package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newCheck(open ipamOpen) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "check",
		Short: "Compare the leases with the addresses that links have",
		Long: `Compare the leases with the addresses that the kernel's links of this driver have.
Two things are differences:

  in use without a lease    a link has the address, and it could be given again:
                            'mybridge ipam reserve' keeps it from that
  leased, on no link        the lease was left over: 'mybridge ipam release' ends it

They are looked at twice, some seconds apart, so that a container that starts or
stops meanwhile is none. The rest is information: gateways on a bridge that was
there before its network, addresses that were asked for and no container has
(--aux-address), pools of other drivers.

The exit code is 0 where there is no difference, 1 where there is one, 2 where it
could not be told.`,
		Example: "  mybridge ipam check\n  mybridge ipam check --json | jq '.[] | select(.difference)'",
		Args:    asUsed,
		// What fails here leaves open whether there are differences.
		RunE: open(exitUsage, func(command *cobra.Command, addresses Addresses, _ []string) error {
			found, err := addresses.Check(command.Context())
			if err != nil {
				return err
			}
			if err := printFindings(command, found, asJSON); err != nil {
				return err
			}
			differences := 0
			for _, f := range found {
				if f.Difference {
					differences++
				}
			}
			if differences > 0 {
				return failure(fmt.Errorf("differences between leases and links: %d", differences))
			}
			return nil
		}),
	}
	addJSONFlag(command, &asJSON)
	return command
}

func printFindings(command *cobra.Command, found []ipam.Finding, asJSON bool) error {
	if asJSON {
		return printJSONList(command, found)
	}
	if len(found) == 0 {
		return printed(fmt.Fprintln(command.OutOrStdout(), "leases and links agree"))
	}
	var rows [][]string
	for _, f := range found {
		level, address := "information", ""
		if f.Difference {
			level = "difference"
		}
		if f.Address.IsValid() {
			address = f.Address.String()
		}
		rows = append(rows, []string{level, f.Pool.String(), address, findingCell(f), f.Who, timeCell(f.Since)})
	}
	return printTable(command, []string{"LEVEL", "POOL", "ADDRESS", "FINDING", "WHO", "SINCE"}, rows)
}

func findingCell(f ipam.Finding) string {
	switch f.Kind {
	case ipam.InUseWithoutLease:
		return "in use without a lease"
	case ipam.LeasedWithoutLink:
		return "leased, on no link"
	case ipam.GatewayWithoutBridge:
		return "gateway, on no bridge of this driver"
	case ipam.RequestedWithoutLink:
		return "requested, on no link"
	case ipam.PoolWithoutNetwork:
		return fmt.Sprintf("no network of this driver has the pool, leases: %d", f.Leases)
	}
	return string(f.Kind)
}
