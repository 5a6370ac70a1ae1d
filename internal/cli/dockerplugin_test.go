package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

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
	p := &fakeProgram{dockerPlugin: true}
	code, stdout, stderr := p.run("docker-cli-plugin-metadata")
	var metadata map[string]string
	if err := json.Unmarshal([]byte(stdout), &metadata); err != nil || code != 0 || stderr != "" {
		t.Fatalf("got exit code %d, %q and %q: %v", code, stdout, stderr, err)
	}
	if metadata["SchemaVersion"] != "0.1.0" || metadata["Vendor"] == "" || metadata["Version"] != "1.2.3" || metadata["ShortDescription"] == "" {
		t.Errorf("got %s", stdout)
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
	code, _, stderr = (&fakeProgram{}).run("docker-cli-plugin-metadata")
	wantRun(t, "mybridge docker-cli-plugin-metadata", code, stderr, 2, "docker-cli-plugin-metadata")
}
