package cli_test

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/cli"
)

func TestIsDockerPlugin(t *testing.T) {
	for program, want := range map[string]bool{
		"docker-mybridge": true,
		"/usr/libexec/docker/cli-plugins/docker-mybridge": true,
		"mybridge":                 false,
		"/usr/bin/mybridge":        false,
		"/docker-mybridge/program": false,
	} {
		if got := cli.IsDockerPlugin(program); got != want {
			t.Errorf("%s: got %v, want %v", program, got, want)
		}
	}
}

// TestDockerPluginMetadata checks what the docker command line asks for: without a
// version of the form and a vendor it leaves a plugin out.
func TestDockerPluginMetadata(t *testing.T) {
	for _, called := range []bool{true, false} { // by the name of a plugin or its own
		p := &fakeProgram{dockerPlugin: called}
		code, stdout, stderr := p.run("docker-cli-plugin-metadata")
		var metadata map[string]string
		if err := json.Unmarshal([]byte(stdout), &metadata); err != nil || code != 0 || stderr != "" {
			t.Fatalf("got exit code %d, %q and %q: %v", code, stdout, stderr, err)
		}
		if metadata["SchemaVersion"] != "0.1.0" || metadata["Vendor"] == "" || metadata["Version"] != "1.2.3" || metadata["ShortDescription"] == "" {
			t.Errorf("got %s", stdout)
		}
	}
}

// TestDockerPluginCommands checks that the commands are behind the plugin's name, as
// the docker command line passes it on, and nowhere else.
func TestDockerPluginCommands(t *testing.T) {
	p := &fakeProgram{dockerPlugin: true}
	if code, stdout, stderr := p.run("mybridge", "ipam", "reserve", "10.0.0.7"); code != 0 || stdout != "" || stderr != "" || len(p.asked) != 1 {
		t.Errorf("got exit code %d, %q and %q, asked %q, want it done", code, stdout, stderr, p.asked)
	}
	if _, stdout, _ := p.run("mybridge", "ports", "--help"); !strings.Contains(stdout, "docker mybridge ports [CONTAINER") {
		t.Errorf("the help names another command: %s", stdout)
	}
	if _, stdout, _ := p.run("__complete", "mybridge", "por"); !strings.HasPrefix(stdout, "ports\t") {
		t.Errorf("por is completed to %q, want ports", stdout)
	}
	code, _, stderr := p.run("ports")
	wantRun(t, "docker-mybridge ports", code, stderr, 2, `"ports"`, "'docker mybridge --help'")
	code, _, stderr = p.run("mybridge", "bogus")
	wantRun(t, "docker-mybridge mybridge bogus", code, stderr, 2, `"bogus"`, "'docker mybridge --help'")
}

// TestDockerFlags checks that the flags of the docker command line, which it passes on as
// they were typed, are no error, and not taken for ours.
func TestDockerFlags(t *testing.T) {
	setenv(t, map[string]string{"MYBRIDGE_DEBUG": "perhaps"})
	for _, flags := range []string{"--context default", "-c=default", "-H unix:///run/other.sock", "--debug", "-D", "--config /root/.docker --tls --tlsverify=false", "--log-level debug", "-l debug"} {
		p := &fakeProgram{dockerPlugin: true}
		code, stdout, stderr := p.run(append(strings.Fields(flags), "mybridge", "version")...)
		if code != 0 || stdout != "1.2.3\n" || stderr != "" {
			t.Errorf("docker %s mybridge version: got exit code %d, %q and %q", flags, code, stdout, stderr)
		}
	}
	p := &fakeProgram{dockerPlugin: true}
	if code, _, stderr := p.run("--log-level", "debug", "mybridge", "serve", "--log-level", "error"); code != 0 || p.served[0].LogLevel != logrus.ErrorLevel {
		t.Errorf("serve: got exit code %d, %q and %+v", code, stderr, p.served)
	}
	if _, stdout, _ := p.run("mybridge", "status", "--help"); strings.Contains(stdout, "Global Flags") || strings.Contains(stdout, "tlsverify") {
		t.Errorf("the help tells of flags that do nothing: %s", stdout)
	}
}

// TestDockerEnds checks that a command ends with the docker command line, which passes no
// signal on but closes its socket.
func TestDockerEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	setenv(t, map[string]string{"DOCKER_CLI_PLUGIN_SOCKET": path})
	go func() {
		if connection, err := listener.Accept(); err == nil {
			_ = connection.Close()
		}
	}()
	patience, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	code, _, stderr := (&fakeProgram{dockerPlugin: true}).runUntil(patience, "mybridge", "status", "--watch")
	if code != 0 || patience.Err() != nil {
		t.Errorf("got exit code %d, %q, %v", code, stderr, patience.Err())
	}
}
