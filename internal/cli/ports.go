package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mybridge/driver"
	"mybridge/internal/engine"
)

// publishedPort is a port with the container that publishes it, empty where the
// engine could not be asked.
type publishedPort struct {
	Name string `json:"name,omitempty"`
	driver.PublishedPort
}

func newPorts(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	var asJSON bool
	command := &cobra.Command{
		Use:   "ports [CONTAINER | ENDPOINT]",
		Short: "List published ports",
		Long: `List the ports that containers publish, which 'docker ps' and 'docker port' show of
the engine's own driver only. A port without a host port is reached at the
container's own address.

CONTAINER is a name or an ID, for which the engine is asked; ENDPOINT is an ID. Where the
engine does not answer within a second, names are left out. Where no plugin runs, the
ports are those that its state holds, and the exit code is 1: the packet filter still
forwards them, but the host's loopback does not reach them.`,
		Example: "  mybridge ports\n  mybridge ports web\n  mybridge ports --json | jq -r '.[].host'",
		Args:    asUsed,
		RunE: func(command *cobra.Command, args []string) error {
			target.setSocket()
			ports, notRunning, err := findPorts(command.Context(), program, target, engineSocket, args)
			if err != nil {
				return failure(err)
			}
			if asJSON {
				err = printJSONList(command, ports)
			} else {
				err = printPorts(command, ports)
			}
			return failure(cmp.Or(err, shownFromState(notRunning)))
		},
	}
	flags := command.Flags()
	addTargetFlags(flags, &target)
	addDriverFlag(flags, &target)
	addEngineFlag(flags, &engineSocket, "asked for the containers' names")
	addJSONFlag(command, &asJSON)
	return command
}

// findPorts returns all ports, or those of the container or endpoint asked for.
// The engine is only needed to know a container by its name. NotRunning says that no
// plugin runs, and is empty where one does.
func findPorts(ctx context.Context, program Program, target Target, engineSocket string, args []string) (found []publishedPort, notRunning string, err error) {
	limited, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	published, notRunning, err := program.PublishedPorts(limited, target)
	if err != nil {
		return nil, "", err
	}
	limited, cancel = context.WithTimeout(ctx, engineTime)
	defer cancel()
	containers, notAsked := program.Containers(limited, engineSocket)
	names := map[string]string{}
	for _, container := range containers {
		for _, endpoint := range container.Endpoints {
			names[endpoint] = container.Name
		}
	}
	var ports []publishedPort
	for _, port := range published {
		ports = append(ports, publishedPort{names[string(port.Endpoint)], port})
	}
	sortPorts(ports)
	if len(args) == 0 {
		return ports, notRunning, nil
	}
	endpoints, isContainer := endpointsOf(containers, args[0])
	chosen := slices.DeleteFunc(ports, func(p publishedPort) bool {
		if isContainer {
			return !slices.Contains(endpoints, string(p.Endpoint))
		}
		return !strings.HasPrefix(string(p.Endpoint), args[0])
	})
	switch {
	case len(chosen) > 0 || isContainer:
		return chosen, notRunning, nil
	case notAsked != nil:
		return nil, "", fmt.Errorf("no endpoint %s publishes a port, and whether it is a container is not known: %w", args[0], notAsked)
	}
	return nil, "", fmt.Errorf("%s is no container that runs, nor an endpoint that publishes a port", args[0])
}

// endpointsOf returns those of the container with that name, or else of all whose
// ID begins so.
func endpointsOf(containers []engine.Container, wanted string) (endpoints []string, isContainer bool) {
	for _, container := range containers {
		if container.Name == wanted {
			return container.Endpoints, true
		}
		if strings.HasPrefix(container.ID, wanted) {
			endpoints, isContainer = append(endpoints, container.Endpoints...), true
		}
	}
	return endpoints, isContainer
}

func sortPorts(ports []publishedPort) {
	slices.SortFunc(ports, func(a, b publishedPort) int {
		return cmp.Or(
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Endpoint, b.Endpoint),
			cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Container.Port(), b.Container.Port()),
			a.Host.Compare(b.Host),
		)
	})
}

func printPorts(command *cobra.Command, ports []publishedPort) error {
	var rows [][]string
	for _, port := range ports {
		host := ""
		if port.Host.IsValid() {
			host = port.Host.String()
		}
		rows = append(rows, []string{
			port.Name, port.Endpoint.Short(), port.Network.Short(),
			fmt.Sprintf("%d/%s", port.Container.Port(), port.Protocol), host, port.Container.Addr().String(),
		})
	}
	return printTable(command, []string{"CONTAINER", "ENDPOINT", "NETWORK", "PORT", "HOST", "ADDRESS"}, rows)
}
