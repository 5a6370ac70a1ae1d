package cli

import (
	"bytes"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// pace is how often a live view is shown.
const pace = time.Second

// clearScreen empties a terminal, and begins at its top (ECMA-48: ED, CUP).
const clearScreen = "\x1b[2J\x1b[H"

// addViewFlags gives the command the choice between a table and JSON, and between one
// look and a live view. Show prints one look.
func addViewFlags(command *cobra.Command, show func(command *cobra.Command, args []string, asJSON bool) error) {
	var asJSON, watch bool
	addJSONFlag(command, &asJSON)
	command.Flags().BoolVar(&watch, "watch", false, "show it again every second, until Ctrl-C")
	setVariable(command.Flags(), "watch", "")
	command.RunE = func(command *cobra.Command, args []string) error {
		look := func() error { return show(command, args, asJSON) }
		if !watch {
			return failure(look())
		}
		return failure(keepShowing(command, !asJSON, look))
	}
}

// keepShowing shows until the command is interrupted. That a look fails is shown too:
// the plugin may come back.
func keepShowing(command *cobra.Command, onScreen bool, look func() error) error {
	ctx, out, problems := command.Context(), command.OutOrStdout(), command.ErrOrStderr()
	for {
		var frame bytes.Buffer
		command.SetOut(&frame)
		if onScreen {
			frame.WriteString(clearScreen)
			problems = &frame
		}
		command.SetErr(problems)
		if err := look(); err != nil {
			_, _ = fmt.Fprintf(problems, "mybridge: %v\n", err) // a screen that is gone shows below
		}
		select {
		case <-ctx.Done():
			return nil // what was looked at is cut short
		default:
		}
		if err := printed(out.Write(frame.Bytes())); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pace):
		}
	}
}
