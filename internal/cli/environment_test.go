package cli_test

import (
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/internal/cli"
)

// setenv sets variables until the test's end.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func TestServeFromEnvironment(t *testing.T) {
	setenv(t, map[string]string{
		"MYBRIDGE_NAME": "second", "MYBRIDGE_PLUGIN_DIR": "/p", "MYBRIDGE_STATE_DIR": "/s", "MYBRIDGE_ADMIN_SOCKET": "/a.sock",
		"MYBRIDGE_FIREWALL": "nftables", "MYBRIDGE_LOG_LEVEL": "error", "MYBRIDGE_LOG_FORMAT": "json", "MYBRIDGE_HELP": "maybe",
	})
	want := cli.ServeConfig{
		Target: cli.Target{AdminSocket: "/a.sock", StateDir: "/s"}, Name: "second", PluginDir: "/p",
		Firewall: "nftables", LogLevel: logrus.ErrorLevel, LogFormat: "json",
	}
	if got := (&fakeProgram{}).serve(t); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFlagBeatsEnvironment(t *testing.T) {
	setenv(t, map[string]string{"MYBRIDGE_STATE_DIR": "/environment", "MYBRIDGE_LOG_LEVEL": "loud"})
	got := (&fakeProgram{}).serve(t, "--state-dir", "/flag", "--log-level", "debug")
	if got.StateDir != "/flag" || got.LogLevel != logrus.DebugLevel {
		t.Errorf("got state directory %s and log level %s, want those of the flags", got.StateDir, got.LogLevel)
	}
	// A flag that says what is the default anyway is one all the same.
	if got := (&fakeProgram{}).serve(t, "--state-dir", "/var/lib/mybridge", "--log-level", "info"); got.StateDir != "/var/lib/mybridge" {
		t.Errorf("got state directory %s, want that of the flag", got.StateDir)
	}
}

func TestTargetFromEnvironment(t *testing.T) {
	setenv(t, map[string]string{"MYBRIDGE_STATE_DIR": "/s", "MYBRIDGE_ADMIN_SOCKET": "/a.sock"})
	p := &fakeProgram{}
	for _, arguments := range [][]string{{"ipam", "dump"}, {"ipam", "dump", "--state-dir", "/flag"}, {"ipam", "--admin-socket", "/flag.sock", "dump"}} {
		if code, _, stderr := p.run(arguments...); code != 0 {
			t.Fatalf("%v: got exit code %d and %q", arguments, code, stderr)
		}
	}
	for i, want := range []cli.Target{{"/a.sock", "/s"}, {"/a.sock", "/flag"}, {"/flag.sock", "/s"}} {
		if p.targets[i] != want {
			t.Errorf("command %d: got %+v, want %+v", i, p.targets[i], want)
		}
	}
}

// TestBadEnvironment checks that a value that is not understood is traced to
// its variable: nobody typed the flag.
func TestBadEnvironment(t *testing.T) {
	for variable, value := range map[string]string{
		"MYBRIDGE_NAME": "No/Name", "MYBRIDGE_FIREWALL": "ufw", "MYBRIDGE_LOG_LEVEL": "loud", "MYBRIDGE_LOG_FORMAT": "xml",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			p := &fakeProgram{}
			code, _, stderr := p.run("serve")
			wantRun(t, variable+"="+value, code, stderr, 2, variable, value)
			if len(p.served) > 0 {
				t.Error("the plugin was run")
			}
			// It is no concern of the commands that have no such flag.
			if code, _, stderr := p.run("version"); code != 0 {
				t.Errorf("version: got exit code %d and %q, want 0", code, stderr)
			}
		})
	}
}
