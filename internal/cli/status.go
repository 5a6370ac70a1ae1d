package cli

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mybridge/internal/status"
)

// statusView is what 'status --json' prints.
type statusView struct {
	// Plugin is nil where none runs.
	Plugin   *status.Plugin `json:"plugin,omitempty"`
	Engine   engineView     `json:"engine"`
	Networks []networkView  `json:"networks"`
}

// engineView is the engine as it was met.
type engineView struct {
	Socket string `json:"socket"`
	// Error says why it could not be asked, empty where it could.
	Error string `json:"error,omitempty"`
	// Containers counts those that run, of all networks.
	Containers int `json:"containers"`
}

func newStatus(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	command := &cobra.Command{
		Use:   "status",
		Short: "Show at a glance the plugin, the engine, and all networks",
		Long: `Show at a glance whether the plugin runs, since when and with which packet filter,
whether the engine answers, when it called the plugin last, and each network with its
subnets, endpoints, published ports, and how many of its addresses are used and free.

Where no plugin runs, the networks are those that its state holds: their bridges and
rules are still there, and containers that run reach each other. That is said on
stderr, and the exit code is 1. What is not as it should be, 'mybridge doctor' says.`,
		Example: "  mybridge status\n  mybridge status --watch\n  mybridge status --json | jq '.networks[] | select(.endpoints == 0) | .name'",
		Args:    asUsed,
	}
	addInventoryFlags(command, &target, &engineSocket)
	addViewFlags(command, func(command *cobra.Command, _ []string, asJSON bool) error {
		i, err := takeInventory(command, program, target, engineSocket)
		if err != nil {
			return err
		}
		if err := printStatus(command, i, i.met(engineSocket), asJSON); err != nil {
			return err
		}
		return i.notRunning()
	})
	return command
}

// addInventoryFlags is for commands that show what there is.
func addInventoryFlags(command *cobra.Command, target *Target, engineSocket *string) {
	flags := command.Flags()
	addTargetFlags(flags, target)
	addDriverFlag(flags, target)
	addEngineFlag(flags, engineSocket, "asked for names")
}

// met is the engine as it was met.
func (i inventory) met(socket string) engineView {
	view := engineView{Socket: socket, Containers: len(i.names.containers)}
	if i.names.notAsked != nil {
		view.Error = strings.ReplaceAll(i.names.notAsked.Error(), "\n", "; ")
	}
	return view
}

func printStatus(command *cobra.Command, i inventory, engine engineView, asJSON bool) error {
	if asJSON {
		return printJSON(command, statusView{i.Plugin, engine, append([]networkView{}, i.networks...)})
	}
	if err := printPairs(command, i.pairs(engine)); err != nil {
		return err
	}
	if len(i.networks) == 0 {
		return nil
	}
	if err := printed(fmt.Fprintln(command.OutOrStdout())); err != nil {
		return err
	}
	return printNetworks(command, i)
}

// pairs are the lines above the networks.
func (i inventory) pairs(engine engineView) [][2]string {
	answers := fmt.Sprintf("answers at %s, containers that run: %d", engine.Socket, engine.Containers)
	if engine.Error != "" {
		answers = "does not answer: " + engine.Error
	}
	pairs := [][2]string{{"engine", answers}, {"has", fmt.Sprintf("networks: %d, endpoints: %d, published ports: %d", len(i.networks), len(i.endpoints), i.portCount())}}
	p := i.Plugin
	if p == nil {
		return append([][2]string{{"plugin", "does not run"}}, pairs...)
	}
	called := "none since the plugin runs"
	if !p.LastCall.IsZero() {
		called = timeCell(p.LastCall)
	}
	pairs = append([][2]string{
		{"plugin", fmt.Sprintf("mybridge %s runs since %s, process %d", p.Version, timeCell(p.Since), p.PID)},
		{"rules", p.Firewall},
		{"last call", called},
	}, pairs...)
	if p.Unfinished > 0 {
		pairs = append(pairs, [2]string{"deletions", fmt.Sprintf("%d are not finished yet", p.Unfinished)})
	}
	return pairs
}

func (i inventory) portCount() int {
	count := 0
	for _, n := range i.networks {
		count += n.Ports
	}
	return count
}

// printPairs prints what is called how, a line each. An empty value shows as "-".
func printPairs(command *cobra.Command, rows [][2]string) error {
	table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 3, ' ', 0)
	for _, row := range rows {
		if err := printed(fmt.Fprintf(table, "%s\t%s\n", row[0], cmp.Or(row[1], "-"))); err != nil {
			return err
		}
	}
	return printed(0, table.Flush())
}
