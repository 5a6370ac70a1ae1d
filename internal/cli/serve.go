package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
)

// defaultName is the driver's name unless --name says otherwise.
const defaultName = "mybridge"

// ServeConfig is how the plugin runs, its values checked.
type ServeConfig struct {
	Target
	Name      string
	PluginDir string
	Firewall  string
	LogLevel  logrus.Level
	LogFormat string
}

// PluginSocket is where the engine finds the driver by its name.
func (c ServeConfig) PluginSocket() string {
	return filepath.Join(c.PluginDir, c.Name+".sock")
}

// namePattern is what the engine takes for a plugin's name, within the room
// that a link's alias has for it.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,31}$`)

// The firewalls and log formats that may be chosen.
var (
	firewalls  = []string{"auto", "nftables", "iptables"}
	logFormats = []string{"text", "json"}
)

func newServe(program Program) *cobra.Command {
	var config ServeConfig
	var level string
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the plugin in the foreground",
		Long: `Run the plugin in the foreground until SIGTERM or SIGINT. Calls in flight are
finished then; bridges, links and rules stay, and the next start finds them.

Each flag can be given as an environment variable: MYBRIDGE_STATE_DIR for --state-dir.`,
		Example: "  mybridge serve\n  mybridge serve --name second --state-dir /var/lib/second",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if config.AdminSocket == "" {
				config.AdminSocket = adminSocket(config.Name)
			}
			if err := config.check(level); err != nil {
				return err
			}
			if err := program.Serve(command.Context(), config); err != nil {
				return failure{err}
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&config.Name, "name", defaultName, "driver's name, as in docker network create -d NAME")
	flags.StringVar(&config.PluginDir, "plugin-dir", "/run/docker/plugins", "directory in which the engine looks for plugins")
	flags.StringVar(&config.Firewall, "firewall", "auto", "how rules are set: "+strings.Join(firewalls, ", "))
	flags.StringVar(&level, "log-level", "info", "least severe level logged: error, warning, info, debug")
	flags.StringVar(&config.LogFormat, "log-format", "text", "form of the log: "+strings.Join(logFormats, ", "))
	addTargetFlags(flags, &config.Target)
	return command
}

func adminSocket(name string) string { return "/run/mybridge/" + name + ".sock" }

func (c *ServeConfig) check(level string) error {
	if !namePattern.MatchString(c.Name) {
		return fmt.Errorf("--name %q: allowed are 1 to 32 small letters, digits, '_', '.' and '-', a letter or digit first", c.Name)
	}
	if !slices.Contains(firewalls, c.Firewall) {
		return fmt.Errorf("--firewall %q: allowed is %s", c.Firewall, strings.Join(firewalls, ", "))
	}
	if !slices.Contains(logFormats, c.LogFormat) {
		return fmt.Errorf("--log-format %q: allowed is %s", c.LogFormat, strings.Join(logFormats, ", "))
	}
	var err error
	if c.LogLevel, err = logrus.ParseLevel(level); err != nil {
		return fmt.Errorf("--log-level %q: allowed is error, warning, info or debug", level)
	}
	return nil
}
