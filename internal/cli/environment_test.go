package cli_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
		"MYBRIDGE_FIREWALL": "nftables", "MYBRIDGE_ALLOW_DIRECT_ROUTING": "true", "MYBRIDGE_LOG_LEVEL": "error", "MYBRIDGE_LOG_FORMAT": "json", "MYBRIDGE_HELP": "maybe",
		"MYBRIDGE_ENGINE_SOCKET": "/e.sock", "MYBRIDGE_REUSE_DELAY": "90s", "MYBRIDGE_DEFAULT_ADDRESS_POOL": "base=10.0.0.0/16,size=26 base=fd00::/48,size=64",
	})
	want := cli.ServeConfig{
		Target: cli.Target{Name: "second", AdminSocket: "/a.sock", StateDir: "/s"}, PluginDir: "/p",
		Firewall: "nftables", AllowDirectRouting: true, LogLevel: logrus.ErrorLevel, LogFormat: "json",
		EngineSocket: "/e.sock", ReuseDelay: 90 * time.Second, AddressPools: twoPools,
	}
	if got := (&fakeProgram{}).serve(t); !reflect.DeepEqual(got, want) {
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
	setenv(t, map[string]string{"MYBRIDGE_NAME": "second", "MYBRIDGE_STATE_DIR": "/s", "MYBRIDGE_ADMIN_SOCKET": "/a.sock"})
	p := &fakeProgram{}
	for _, arguments := range [][]string{{"ipam", "dump"}, {"ipam", "dump", "--state-dir", "/flag"}, {"ipam", "--admin-socket", "/flag.sock", "dump"}} {
		if code, _, stderr := p.run(arguments...); code != 0 {
			t.Fatalf("%v: got exit code %d and %q", arguments, code, stderr)
		}
	}
	for i, want := range []cli.Target{{"second", "/a.sock", "/s"}, {"second", "/a.sock", "/flag"}, {"second", "/flag.sock", "/s"}} {
		if p.targets[i] != want {
			t.Errorf("command %d: got %+v, want %+v", i, p.targets[i], want)
		}
	}
}

// TestTypedOnly checks that what changes an address is never read from the
// environment, least of all the driver's name as that of a reservation.
func TestTypedOnly(t *testing.T) {
	setenv(t, map[string]string{"MYBRIDGE_NAME": "second", "MYBRIDGE_FORCE": "true", "MYBRIDGE_JSON": "true", "MYBRIDGE_DRIVER": "third"})
	p := &fakeProgram{}
	p.run("ipam", "reserve", "10.0.0.7")
	p.run("ipam", "release", "10.0.0.7")
	if want := []string{`reserve 10.0.0.7 ""`, "release 10.0.0.7 false"}; !slices.Equal(p.asked, want) {
		t.Errorf("asked is %q, want %q", p.asked, want)
	}
	if _, stdout, _ := p.run("ipam", "ls"); strings.HasPrefix(stdout, "[") {
		t.Errorf("ls prints %q, want a table", stdout)
	}
	if got := p.targets[0]; got.Name != "second" || got.AdminSocket != "/run/mybridge/second.sock" {
		t.Errorf("got target %+v, want that of second", got)
	}
}

// TestBadEnvironment checks that a value that is not understood is traced to
// its variable: nobody typed the flag.
func TestBadEnvironment(t *testing.T) {
	for variable, value := range map[string]string{
		"MYBRIDGE_NAME": "No/Name", "MYBRIDGE_FIREWALL": "ufw", "MYBRIDGE_LOG_LEVEL": "loud", "MYBRIDGE_LOG_FORMAT": "xml",
		"MYBRIDGE_ALLOW_DIRECT_ROUTING": "maybe",
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
