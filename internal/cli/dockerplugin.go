package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	addDockerFlags(root.PersistentFlags())
	return root
}

// addDockerFlags takes the flags that the docker command line has before 'mybridge' and
// passes on. They say how it reaches its engine, which these commands do not go by.
func addDockerFlags(flags *pflag.FlagSet) {
	flags.String("config", "", "")
	flags.StringP("context", "c", "", "")
	flags.StringArrayP("host", "H", nil, "")
	flags.BoolP("debug", "D", false, "")
	flags.StringP("log-level", "l", "", "")
	for _, name := range []string{"tls", "tlsverify"} {
		flags.Bool(name, false, "")
	}
	for _, name := range []string{"tlscacert", "tlscert", "tlskey"} {
		flags.String(name, "", "")
	}
	flags.VisitAll(func(flag *pflag.Flag) {
		flag.Hidden = true
		setVariable(flags, flag.Name, "")
	})
}

// dockerSocketVariable names a socket of the docker command line's.
const dockerSocketVariable = "DOCKER_CLI_PLUGIN_SOCKET"

// untilDockerEnds returns a context that ends with the docker command line, which closes
// its socket where it is to end, and passes no signal on.
func untilDockerEnds(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	connection, err := new(net.Dialer).DialContext(ctx, "unix", os.Getenv(dockerSocketVariable))
	if err != nil {
		return ctx, cancel // versions before 25.0 have none
	}
	go func() {
		_, _ = io.Copy(io.Discard, connection) // whatever ends it
		cancel()
	}()
	return ctx, func() {
		cancel()
		_ = connection.Close() // nothing was written
	}
}

func newDockerPluginMetadata(program Program, description string) *cobra.Command {
	return &cobra.Command{
		Use:    "docker-cli-plugin-metadata",
		Hidden: true,
		Args:   asUsed,
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
