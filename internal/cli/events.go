package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"mybridge/driver"
	"mybridge/internal/events"
)

// namedEvent is an event with the names that the engine gives what it is about, empty
// where they are not known.
type namedEvent struct {
	events.Event
	NetworkName string `json:"networkName,omitempty"`
	Container   string `json:"container,omitempty"`
}

func newEvents(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	var asJSON bool
	command := &cobra.Command{
		Use:   "events",
		Short: "Follow what happens",
		Long: `Follow what happens from now on, a line for each event, until Ctrl-C:

  network-created, network-deleted
  endpoint-created, endpoint-attached, endpoint-detached, endpoint-deleted
  ports-published, ports-unpublished
  repaired        somebody else broke something, and the plugin mended it
  unrepairable    something is broken that only a person can mend
  refused         a call of the engine was answered with an error
  lost            events were not read in time, and dropped

Names are asked of the engine: that of a container comes some moments after it was
attached, and until then its endpoint's ID is shown. With --json each line is an object.

Where no plugin runs, or where it stops, the exit code is 1. What happened before is in
the plugin's log.`,
		Example: "  mybridge events\n  mybridge events --json | jq 'select(.kind == \"refused\") | .detail'",
		Args:    asUsed,
		RunE: func(command *cobra.Command, _ []string) error {
			target.setSocket()
			return failure(follow(command, program, target, engineSocket, asJSON))
		},
	}
	addInventoryFlags(command, &target, &engineSocket)
	addJSONFlag(command, &asJSON)
	return command
}

func follow(command *cobra.Command, program Program, target Target, engineSocket string, asJSON bool) error {
	ctx, stop := context.WithCancel(command.Context())
	naming := newNaming(func() names { return askNames(ctx, program, engineSocket) })
	var running sync.WaitGroup
	running.Go(func() { naming.run(ctx) })
	defer running.Wait()
	defer stop()
	lines := newLines(command.OutOrStdout())
	err := program.Follow(ctx, target, func(e events.Event) error {
		named := naming.name(e)
		if asJSON {
			return printed(0, lines.Encode(named))
		}
		return printed(fmt.Fprintln(command.OutOrStdout(), named.line()))
	})
	if command.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// line is the event for a person.
func (e namedEvent) line() string {
	about := ""
	switch {
	case e.Endpoint != "":
		container := e.Container
		if container == "" {
			container = "endpoint " + e.Endpoint.Short()
		}
		about = container + " on " + names{networks: map[driver.NetworkID]string{e.Network: e.NetworkName}}.network(e.Network) + ": "
	case e.NetworkName != "":
		about = e.NetworkName + ": "
	case e.Network != "":
		about = e.Network.Short() + ": "
	case e.Call != "":
		about = e.Call + ": "
	}
	return fmt.Sprintf("%s  %-17s  %s%s", timeCell(e.Time), e.Kind, about, e.Detail)
}
