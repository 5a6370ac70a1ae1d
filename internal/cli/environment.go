package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// variableAnnotation names the environment variable of a flag that has another
// than its name says; an empty one stands for none.
const variableAnnotation = "variable"

// setVariable gives the flag another environment variable, "" for none.
func setVariable(flags *pflag.FlagSet, name, variable string) {
	flags.Lookup(name).Annotations = map[string][]string{variableAnnotation: {variable}}
}

// variableOf is the flag's environment variable, as in MYBRIDGE_STATE_DIR for
// --state-dir.
func variableOf(flag *pflag.Flag) string {
	if annotation := flag.Annotations[variableAnnotation]; len(annotation) == 1 {
		return annotation[0]
	}
	return "MYBRIDGE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// fromEnvironment gives each flag that was not typed the value of its variable.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failures []error
	flags.VisitAll(func(flag *pflag.Flag) {
		variable := variableOf(flag)
		value, set := os.LookupEnv(variable)
		if !set || flag.Changed || flag.Name == "help" {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failures = append(failures, fmt.Errorf("environment variable %s: %w", variable, err))
		}
	})
	return errors.Join(failures...)
}

// addTargetFlags leaves the socket empty where none is given, as its default
// depends on the driver's name.
func addTargetFlags(flags *pflag.FlagSet, target *Target) {
	flags.StringVar(&target.AdminSocket, "admin-socket", "", "socket for the commands that talk to the plugin (default "+adminSocket("NAME")+")")
	flags.StringVar(&target.StateDir, "state-dir", "/var/lib/mybridge", "directory of the state")
}

// addDriverFlag is for commands that ask a plugin, where --name is something else.
func addDriverFlag(flags *pflag.FlagSet, target *Target) {
	flags.Var(newChecked(&target.Name, defaultName, checkName), "driver", "driver's name, as in docker network create -d NAME")
	setVariable(flags, "driver", "MYBRIDGE_NAME")
}

// DefaultEngineSocket is where the engine listens unless somebody says otherwise.
const DefaultEngineSocket = "/run/docker.sock"

const engineSocketFlag = "engine-socket"

func addEngineFlag(flags *pflag.FlagSet, socket *string, use string) {
	flags.StringVar(socket, engineSocketFlag, DefaultEngineSocket, "socket of the engine's API, "+use+"; it need not be there")
}

// setSocket gives the socket its default, that of a managed plugin where only that
// is there.
func (t *Target) setSocket() {
	if t.AdminSocket != "" {
		return
	}
	t.AdminSocket = adminSocket(t.Name)
	if managed := managedAdminSocket(defaultPluginDir, t.Name); !isThere(t.AdminSocket) && isThere(managed) {
		t.AdminSocket = managed
	}
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func adminSocket(name string) string { return "/run/mybridge/" + name + ".sock" }

// managedAdminSocket is in the one directory that a managed plugin shares with the
// host, and is called so that the engine takes it for no plugin's.
func managedAdminSocket(pluginDir, name string) string {
	return filepath.Join(pluginDir, name, "admin.sock")
}
