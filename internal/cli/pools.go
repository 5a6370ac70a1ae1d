package cli

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newList(open ipamOpen) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "ls",
		Short: "List the pools, and how much of each is in use",
		Long: `List the pools: the network of this driver that has each, the range from which
dynamic addresses are taken, and how many addresses are

  used       leased, the gateway's among them
  free       neither used nor resting nor reserved, in the range; "many" for
             2^53-1 and more
  resting    released a short while ago: given only where none is free
  reserved   given to nobody until 'mybridge ipam release'

A subnet without a range is no pool: addresses are reserved in it.`,
		Example: "  mybridge ipam ls\n  mybridge ipam ls --json | jq '.[] | select(.free < 10) | .subnet'",
		Args:    asUsed,
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, _ []string) error {
			pools, err := addresses.Pools(command.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSONList(command, pools)
			}
			return printPools(command, pools)
		}),
	}
	addJSONFlag(command, &asJSON)
	return command
}

func printPools(command *cobra.Command, pools []ipam.PoolView) error {
	var rows [][]string
	for _, p := range pools {
		rows = append(rows, []string{
			p.Subnet.String(), p.Network, prefixCell(p.Range),
			strconv.Itoa(p.Used), freeCell(p), strconv.Itoa(p.Resting), strconv.Itoa(p.Reserved),
		})
	}
	if err := printTable(command, []string{"SUBNET", "NETWORK", "RANGE", "USED", "FREE", "RESTING", "RESERVED"}, rows); err != nil {
		return err
	}
	for _, p := range pools {
		if err := noteDoubt(command, p); err != nil {
			return err
		}
	}
	return nil
}

// noteDoubt says on stderr why the pool gives no dynamic address.
func noteDoubt(command *cobra.Command, p ipam.PoolView) error {
	if p.Doubt == "" {
		return nil
	}
	return printed(fmt.Fprintf(command.ErrOrStderr(), "pool %s gives no dynamic address now: %s\n", p.Subnet, p.Doubt))
}

func freeCell(p ipam.PoolView) string {
	if p.ID == "" {
		return ""
	}
	return freeText(p.Free)
}

func freeText(free uint64) string {
	if free == ipam.MostFree {
		return "many"
	}
	return strconv.FormatUint(free, 10)
}

func prefixCell(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}
