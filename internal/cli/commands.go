package cli

import "github.com/spf13/cobra"

// Commands returns the root of all commands, to be described and not to be run.
func Commands() *cobra.Command { return newRoot(Program{}) }
