package cli

import (
	"strconv"

	"github.com/spf13/cobra"
)

func newNetwork(program Program) *cobra.Command {
	command := &cobra.Command{
		Use:     "network",
		Short:   "See networks",
		Long:    "See the networks of this driver, as the plugin has them.",
		Example: "  mybridge network ls\n  mybridge network inspect shop",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newNetworkList(program), newNetworkInspect(program))
	return command
}

func newNetworkList(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	command := &cobra.Command{
		Use:   "ls",
		Short: "List the networks, and what is in use of each",
		Long: `List the networks of this driver: bridge and subnets, how many endpoints and
published ports each has, and how many addresses of each subnet are used and free,
where they are this plugin's. Names are asked of the engine, and left out where it
does not answer. Where no plugin runs, the networks are those that its state holds, and
the exit code is 1.`,
		Example: "  mybridge network ls\n  mybridge network ls --watch\n  mybridge network ls --json | jq -r '.[].bridge'",
		Args:    asUsed,
	}
	addInventoryFlags(command, &target, &engineSocket)
	addViewFlags(command, func(command *cobra.Command, _ []string, asJSON bool) error {
		i, err := takeInventory(command, program, target, engineSocket)
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSONList(command, i.networks)
		} else {
			err = printNetworks(command, i)
		}
		if err != nil {
			return err
		}
		return i.notRunning()
	})
	return command
}

func printNetworks(command *cobra.Command, i inventory) error {
	var rows [][]string
	for _, n := range i.networks {
		rows = append(rows, []string{
			n.Name, n.ID.Short(), string(n.Bridge),
			cells(n.Subnets, func(s subnetView) string { return s.Subnet.String() }),
			strconv.Itoa(n.Endpoints), strconv.Itoa(n.Ports),
			cells(n.Subnets, subnetView.usedCell), cells(n.Subnets, subnetView.freeCell), string(n.Phase),
		})
	}
	heads := []string{"NAME", "ID", "BRIDGE", "SUBNETS", "ENDPOINTS", "PORTS", "USED", "FREE", "PHASE"}
	if err := printTable(command, heads, rows); err != nil {
		return err
	}
	for _, pool := range i.Pools {
		if err := noteDoubt(command, pool); err != nil {
			return err
		}
	}
	return nil
}

func (s subnetView) usedCell() string {
	if s.Used == nil {
		return "-"
	}
	return strconv.Itoa(*s.Used)
}

func (s subnetView) freeCell() string {
	if s.Free == nil {
		return "-"
	}
	return freeText(*s.Free)
}
