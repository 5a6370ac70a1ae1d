package cli

import (
	"errors"
	"path/filepath"
	"regexp"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"mybridge/ipam"
)

// DefaultReuseDelay is longer than other hosts keep a stale neighbour entry.
const DefaultReuseDelay = time.Minute

// defaultName is the driver's name unless --name says otherwise.
const defaultName = "mybridge"

const defaultPluginDir = "/run/docker/plugins"

// ServeConfig is how the plugin runs, its values checked.
type ServeConfig struct {
	Target
	PluginDir string
	// ManagedSocket is where the engine finds it as a managed plugin, empty where
	// it is none.
	ManagedSocket string
	Firewall      string
	// AllowDirectRouting opens published ports at the containers' own addresses.
	AllowDirectRouting bool
	LogLevel           logrus.Level
	LogFormat          string
	// EngineSocket is where the engine's API is; it need not be there.
	EngineSocket string
	// ReuseDelay is how long a released address rests.
	ReuseDelay time.Duration
	// MetricsAddress is where metrics are told besides the admin socket, as
	// net.Listen takes it; empty for nowhere.
	MetricsAddress string
	// AddressPools are where automatic pools are taken from.
	AddressPools []ipam.AddressPool
}

// PluginSocket is where the engine finds the driver by its name.
func (c ServeConfig) PluginSocket() string {
	return filepath.Join(c.PluginDir, c.Name+".sock")
}

// PluginSockets are where the engine finds the driver: by its name, and where it
// manages the plugin itself.
func (c ServeConfig) PluginSockets() []string {
	if c.ManagedSocket == "" {
		return []string{c.PluginSocket()}
	}
	return []string{c.ManagedSocket, c.PluginSocket()}
}

// setAdminSocket gives the socket its default.
func (c *ServeConfig) setAdminSocket() {
	switch {
	case c.AdminSocket != "":
	case c.ManagedSocket != "":
		c.AdminSocket = managedAdminSocket(c.PluginDir, c.Name)
	default:
		c.AdminSocket = adminSocket(c.Name)
	}
}

// namePattern is what the engine takes for a plugin's name, within the room
// that a link's alias has for it.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,31}$`)

func newServe(program Program) *cobra.Command {
	config := ServeConfig{LogLevel: logrus.InfoLevel, ReuseDelay: DefaultReuseDelay, AddressPools: ipam.DefaultAddressPools()}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the plugin in the foreground",
		Long: `Run the plugin in the foreground until SIGTERM or SIGINT. Calls in flight are
finished then; bridges, links and rules stay, and the next start finds them.

Each flag can be given as an environment variable: MYBRIDGE_STATE_DIR for --state-dir.`,
		Example: "  mybridge serve\n  mybridge serve --name second --state-dir /var/lib/second",
		Args:    asUsed,
		RunE: func(command *cobra.Command, _ []string) error {
			config.setAdminSocket()
			return failure(program.Serve(command.Context(), config))
		},
	}
	flags := command.Flags()
	flags.Var(newChecked(&config.Name, defaultName, checkName), "name", "driver's name, as in docker network create -d NAME")
	flags.StringVar(&config.PluginDir, "plugin-dir", defaultPluginDir, "directory in which the engine looks for plugins")
	flags.StringVar(&config.ManagedSocket, "managed-socket", "", "socket on which the engine calls a managed plugin, served besides")
	flags.Var(newChecked(&config.Firewall, "auto", oneOf("auto", "nftables", "iptables")), "firewall", "how rules are set: nftables, iptables, or auto for nftables where the kernel has it")
	flags.Var(logLevel{&config.LogLevel}, "log-level", "least severe level logged: error, warning, info or debug")
	flags.Var(newChecked(&config.LogFormat, "text", oneOf("text", "json")), "log-format", "form of the log: text or json")
	addEngineFlag(flags, &config.EngineSocket, "asked only after the state was lost")
	flags.BoolVar(&config.AllowDirectRouting, "allow-direct-routing", false, "let published ports also be reached at the containers' own addresses, by who routes to them")
	flags.Var(reuseDelay{&config.ReuseDelay}, "reuse-delay", "how long a released address is not given again while another is free")
	flags.Var(metricsAddress{&config.MetricsAddress}, "metrics-address", "TCP address for Prometheus, as in 127.0.0.1:9323, or :9323 for the loopback; the admin socket tells the same")
	flags.Var(&addressPools{pools: &config.AddressPools}, "default-address-pool", "where automatic pools are taken from, as base=SUBNET,size=LENGTH; repeat it for more, or separate them with spaces; IPv6 has /64s of a block of the host's own where none is given")
	addTargetFlags(flags, &config.Target)
	return command
}

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return errors.New("allowed are 1 to 32 small letters, digits, '_', '.' and '-', a letter or digit first")
	}
	return nil
}
