package cli

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func newEndpoint(program Program) *cobra.Command {
	command := &cobra.Command{
		Use:     "endpoint",
		Short:   "See endpoints",
		Long:    "See the endpoints of this driver's networks: a container has one on each network.",
		Example: "  mybridge endpoint ls\n  mybridge endpoint ls web",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newEndpointList(program))
	return command
}

func newEndpointList(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	command := &cobra.Command{
		Use:   "ls [CONTAINER | ENDPOINT]",
		Short: "List the endpoints, with their containers",
		Long: `List the endpoints, each with its container, network, addresses, MAC, the bridge's end
of its link, and how many ports it publishes ('mybridge ports' lists these).

CONTAINER is a name or an ID, for which the engine is asked; ENDPOINT is an ID. Where
no plugin runs, the endpoints are those that its state holds, and the exit code is 1.`,
		Example: "  mybridge endpoint ls\n  mybridge endpoint ls web\n  mybridge endpoint ls --json | jq -r '.[] | [.container, .addresses[0]] | @tsv'",
		Args:    asUsed,
	}
	addInventoryFlags(command, &target, &engineSocket)
	addViewFlags(command, func(command *cobra.Command, args []string, asJSON bool) error {
		i, err := takeInventory(command, program, target, engineSocket)
		if err != nil {
			return err
		}
		chosen := i.endpoints
		if len(args) > 0 {
			if chosen, err = i.findEndpoints(args[0]); err != nil {
				return err
			}
		}
		if asJSON {
			err = printJSONList(command, chosen)
		} else {
			err = printEndpoints(command, chosen)
		}
		if err != nil {
			return err
		}
		return i.notRunning()
	})
	return command
}

// findEndpoints returns those of the container, or else the one whose ID begins so.
func (i inventory) findEndpoints(wanted string) ([]endpointView, error) {
	ids, isContainer := endpointsOf(i.names.containers, wanted)
	var chosen []endpointView
	for _, e := range i.endpoints {
		if isContainer && slices.Contains(ids, string(e.ID)) || !isContainer && strings.HasPrefix(string(e.ID), wanted) {
			chosen = append(chosen, e)
		}
	}
	switch {
	case len(chosen) > 0 || isContainer:
		return chosen, nil
	case i.names.notAsked != nil:
		return nil, fmt.Errorf("no endpoint is %s, and whether it is a container is not known: %w", wanted, i.names.notAsked)
	}
	return nil, fmt.Errorf("%s is no container that runs, nor an endpoint", wanted)
}

func printEndpoints(command *cobra.Command, endpoints []endpointView) error {
	var rows [][]string
	for _, e := range endpoints {
		network := e.NetworkName
		if network == "" {
			network = e.Network.Short()
		}
		rows = append(rows, []string{
			e.Container, e.ID.Short(), network, cells(e.Addresses, netip.Prefix.String),
			e.MAC.String(), string(e.Link), strconv.Itoa(len(e.Ports)), string(e.Phase),
		})
	}
	return printTable(command, []string{"CONTAINER", "ENDPOINT", "NETWORK", "ADDRESSES", "MAC", "LINK", "PORTS", "PHASE"}, rows)
}
