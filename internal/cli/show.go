package cli

import (
	"net/netip"

	"github.com/spf13/cobra"

	"mybridge/ipam"
)

func newShow(open ipamOpen) *cobra.Command {
	var asJSON bool
	var subnet netip.Prefix
	command := &cobra.Command{
		Use:   "show POOL",
		Short: "Show what is known of a pool's addresses",
		Long: `Show the addresses of a pool that are not simply free. POOL is its subnet, its ID,
or an address in it. An address is

  held         leased: as gateway, requested (--ip, --aux-address), or dynamic
  reserved     given to nobody until 'mybridge ipam release'
  resting      released a short while ago
  remembered   released, and kept in mind for the name that had it
  pending      being given or released at this moment

SINCE is when that began. A requested address without an endpoint is an
--aux-address, or of a container of another driver.`,
		Example: "  mybridge ipam show 192.168.0.0/24\n  mybridge ipam show 192.168.0.7 --json",
		Args: cobra.MatchAll(asUsed, func(_ *cobra.Command, args []string) (err error) {
			subnet, err = ipam.ParsePool("pool", args[0])
			return err
		}),
		RunE: open(exitFailure, func(command *cobra.Command, addresses Addresses, _ []string) error {
			pool, err := addresses.Pool(command.Context(), subnet)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(command, pool)
			}
			return printAddresses(command, pool)
		}),
	}
	addJSONFlag(command, &asJSON)
	return command
}

func printAddresses(command *cobra.Command, pool ipam.PoolDetails) error {
	var rows [][]string
	for _, a := range pool.Addresses {
		state := string(a.State)
		if a.Reserved && a.State != ipam.Reserved {
			state += ", " + string(ipam.Reserved)
		}
		rows = append(rows, []string{a.Address.String(), state, a.Kind, a.Endpoint, a.Name, timeCell(a.Since)})
	}
	if err := printTable(command, []string{"ADDRESS", "STATE", "KIND", "ENDPOINT", "NAME", "SINCE"}, rows); err != nil {
		return err
	}
	return noteDoubt(command, pool.PoolView)
}
