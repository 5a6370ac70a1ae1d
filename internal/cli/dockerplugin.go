package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

// dockerPluginName is what the docker command line calls a plugin's program for
// 'docker mybridge'.
const dockerPluginName = "docker-mybridge"

// dockerPluginMetadata is what it asks each plugin when it looks for them.
type dockerPluginMetadata struct {
	SchemaVersion    string
	Vendor           string
	Version          string
	ShortDescription string
}

// IsDockerPlugin says whether the program was started by the docker command line,
// by the name that it was called with.
func IsDockerPlugin(program string) bool { return filepath.Base(program) == dockerPluginName }

// newDockerRoot puts the commands where the docker command line passes them on, as in
// docker-mybridge mybridge ports.
func newDockerRoot(program Program) *cobra.Command {
	root := &cobra.Command{
		Use:           "docker",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	commands := newRoot(program)
	// As the root of all it refuses what is no command by itself.
	commands.Args = cobra.NoArgs
	commands.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	commands.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(commands, newDockerPluginMetadata(program, commands.Short))
	return root
}

func newDockerPluginMetadata(program Program, description string) *cobra.Command {
	return &cobra.Command{
		Use:    "docker-cli-plugin-metadata",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := json.Marshal(dockerPluginMetadata{
				SchemaVersion:    "0.1.0",
				Vendor:           "mybridge",
				Version:          program.Version,
				ShortDescription: description,
			})
			if err != nil {
				return failure(err)
			}
			return failure(printed(fmt.Fprintln(command.OutOrStdout(), string(text))))
		},
	}
}
