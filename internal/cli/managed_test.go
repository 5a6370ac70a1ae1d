package cli_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestManagedPlugin starts what the engine starts, and wants sockets where the
// engine looks for them, by both names, and where the host's commands do.
func TestManagedPlugin(t *testing.T) {
	plugin := readPlugin(t)
	t.Setenv("MYBRIDGE_NAME", "second")
	got := (&fakeProgram{}).serve(t, plugin.Entrypoint[2:]...)
	if sockets, want := got.PluginSockets(), []string{"/run/docker/plugins/" + plugin.Interface.Socket, "/host/run/docker/plugins/second.sock"}; !slices.Equal(sockets, want) {
		t.Errorf("the plugin listens on %s, want %s", sockets, want)
	}
	if want := "/host/run/docker/plugins/second/admin.sock"; got.AdminSocket != want {
		t.Errorf("the admin socket is %s, want %s", got.AdminSocket, want)
	}
	if got.StateDir != plugin.PropagatedMount {
		t.Errorf("the state is in %s, which an upgrade loses: only %s is kept", got.StateDir, plugin.PropagatedMount)
	}
}

// TestManagedPluginSettings wants each setting to be one of serve's flags.
func TestManagedPluginSettings(t *testing.T) {
	_, help, _ := (&fakeProgram{}).run("serve", "--help")
	for _, setting := range readPlugin(t).Env {
		flag := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(setting.Name, "MYBRIDGE_")), "_", "-")
		if !strings.Contains(help, " --"+flag+" ") {
			t.Errorf("%s sets nothing: serve has no flag --%s", setting.Name, flag)
		}
	}
}

// managedPlugin is what the engine reads.
type managedPlugin struct {
	Interface       struct{ Socket string }
	Entrypoint      []string
	PropagatedMount string
	Env             []struct{ Name string }
}

func readPlugin(t *testing.T) managedPlugin {
	t.Helper()
	content, err := os.ReadFile("../../plugin/config.json")
	if err != nil {
		t.Fatal(err)
	}
	var plugin managedPlugin
	if err := json.Unmarshal(content, &plugin); err != nil {
		t.Fatal(err)
	}
	return plugin
}
