package cli_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/cli"
	"mybridge/ipam"
)

var twoPools = []ipam.AddressPool{
	{Base: netip.MustParsePrefix("10.0.0.0/16"), Size: 26},
	{Base: netip.MustParsePrefix("fd00::/48"), Size: 64},
}

var defaults = cli.ServeConfig{
	Target:    cli.Target{Name: "mybridge", AdminSocket: "/run/mybridge/mybridge.sock", StateDir: "/var/lib/mybridge"},
	PluginDir: "/run/docker/plugins",
	Firewall:  "auto",
	LogLevel:  logrus.InfoLevel,
	LogFormat: "text",

	EngineSocket: "/run/docker.sock",
	ReuseDelay:   time.Minute,
	AddressPools: ipam.DefaultAddressPools(),
}

func TestServeDefaults(t *testing.T) {
	got := (&fakeProgram{}).serve(t)
	if !reflect.DeepEqual(got, defaults) {
		t.Errorf("got %+v, want %+v", got, defaults)
	}
	if socket, want := got.PluginSocket(), "/run/docker/plugins/mybridge.sock"; socket != want {
		t.Errorf("the plugin's socket is %s, want %s", socket, want)
	}
}

func TestServeFlags(t *testing.T) {
	got := (&fakeProgram{}).serve(t, "--name", "second_2.x-y", "--plugin-dir", "/p", "--state-dir", "/s", "--admin-socket", "/a.sock",
		"--firewall", "iptables", "--allow-direct-routing", "--log-level", "debug", "--log-format", "json",
		"--engine-socket", "/e.sock", "--reuse-delay", "90s", "--default-address-pool", "base=10.0.0.0/16,size=26", "--default-address-pool", "base=fd00::/48,size=64")
	want := cli.ServeConfig{
		Target: cli.Target{Name: "second_2.x-y", AdminSocket: "/a.sock", StateDir: "/s"}, PluginDir: "/p",
		Firewall: "iptables", AllowDirectRouting: true, LogLevel: logrus.DebugLevel, LogFormat: "json",
		EngineSocket: "/e.sock", ReuseDelay: 90 * time.Second, AddressPools: twoPools,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if socket, want := got.PluginSocket(), "/p/second_2.x-y.sock"; socket != want {
		t.Errorf("the plugin's socket is %s, want %s", socket, want)
	}
}

func TestLogLevels(t *testing.T) {
	for word, want := range map[string]logrus.Level{
		"error": logrus.ErrorLevel, "warning": logrus.WarnLevel, "info": logrus.InfoLevel, "debug": logrus.DebugLevel,
	} {
		if got := (&fakeProgram{}).serve(t, "--log-level", word).LogLevel; !reflect.DeepEqual(got, want) {
			t.Errorf("--log-level %s: got %s, want %s", word, got, want)
		}
	}
}

// TestAdminSocketFollowsName checks the default, by flag and by environment.
func TestAdminSocketFollowsName(t *testing.T) {
	const want = "/run/mybridge/second.sock"
	if got := (&fakeProgram{}).serve(t, "--name", "second").AdminSocket; !reflect.DeepEqual(got, want) {
		t.Errorf("--name second: got %s, want %s", got, want)
	}
	t.Setenv("MYBRIDGE_NAME", "second")
	if got := (&fakeProgram{}).serve(t).AdminSocket; !reflect.DeepEqual(got, want) {
		t.Errorf("MYBRIDGE_NAME=second: got %s, want %s", got, want)
	}
	if got := (&fakeProgram{}).serve(t, "--admin-socket", "/a.sock").AdminSocket; got != "/a.sock" {
		t.Errorf("--admin-socket /a.sock: got %s", got)
	}
}

// TestMetricsAddress checks that nothing is open to other hosts unless it is written
// out.
func TestMetricsAddress(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		":9323":          "127.0.0.1:9323",
		"127.0.0.1:9323": "127.0.0.1:9323",
		"[::1]:9323":     "[::1]:9323",
		"0.0.0.0:9323":   "0.0.0.0:9323",
		"192.0.2.1:80":   "192.0.2.1:80",
	} {
		if got := (&fakeProgram{}).serve(t, "--metrics-address", text).MetricsAddress; got != want {
			t.Errorf("--metrics-address %q: got %q, want %q", text, got, want)
		}
	}
}
