package cli_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"mybridge/internal/cli"
)

func TestVersion(t *testing.T) {
	code, stdout, stderr := (&fakeProgram{}).run("version")
	if code != 0 || stdout != "1.2.3\n" || stderr != "" {
		t.Errorf("got exit code %d, stdout %q, stderr %q, want 0 and 1.2.3", code, stdout, stderr)
	}
}

// TestHelp checks that help is no error, and goes to stdout.
func TestHelp(t *testing.T) {
	for _, line := range []string{"", "--help", "help", "serve --help", "ipam", "ipam --help", "ports --help", "doctor --help", "network", "endpoint", "status --help", "events --help"} {
		p := &fakeProgram{}
		code, stdout, stderr := p.run(strings.Fields(line)...)
		if code != 0 || !strings.Contains(stdout, "Usage:") || stderr != "" {
			t.Errorf("mybridge %s: got exit code %d, stdout %q, stderr %q, want 0 and the usage on stdout", line, code, stdout, stderr)
		}
		if len(p.served)+len(p.targets) > 0 {
			t.Errorf("mybridge %s: a command was run", line)
		}
	}
}

// TestCommandsHelp checks that each command says what it does, and how it is used.
func TestCommandsHelp(t *testing.T) {
	for _, name := range []string{"ls", "show", "explain", "reserve", "release", "check", "dump", "load"} {
		p := &fakeProgram{}
		code, stdout, stderr := p.run("ipam", name, "--help")
		if code != 0 || stderr != "" || len(p.targets) > 0 {
			t.Errorf("ipam %s --help: got exit code %d and %q, opened %d times, want the help alone", name, code, stderr, len(p.targets))
		}
		for _, part := range []string{"Examples:\n  mybridge ipam " + name, "--admin-socket", "--state-dir", "--driver"} {
			if !strings.Contains(stdout, part) {
				t.Errorf("ipam %s --help: got %s\nwant it to have %q", name, stdout, part)
			}
		}
		if long, _, _ := strings.Cut(stdout, "Usage:"); strings.Count(long, "\n") < 2 {
			t.Errorf("ipam %s --help: got %q as description, want some lines", name, long)
		}
		if _, list, _ := p.run("ipam", "--help"); !strings.Contains(list, "\n  "+name+" ") {
			t.Errorf("ipam --help does not list %s", name)
		}
	}
}

// TestEveryCommandHelps wants each command there is to show how it is used, by examples
// that are its own.
func TestEveryCommandHelps(t *testing.T) {
	seen := 0
	var walk func(command *cobra.Command)
	walk = func(command *cobra.Command) {
		for _, sub := range command.Commands() {
			walk(sub)
		}
		if command.Hidden {
			return
		}
		seen++
		if command.Short == "" {
			t.Errorf("%s does not say what it does", command.CommandPath())
		}
		for line := range strings.Lines(command.Example) {
			if !strings.HasPrefix(line, "  "+command.CommandPath()) && !strings.HasPrefix(line, "  {") {
				t.Errorf("an example of %s is %q", command.CommandPath(), line)
			}
		}
		if command.Example == "" {
			t.Errorf("%s has no example", command.CommandPath())
		}
	}
	if walk(cli.Commands()); seen < 20 {
		t.Errorf("%d commands were seen", seen)
	}
}

// TestUsageErrors checks that what is not understood gives 2 and does nothing.
func TestUsageErrors(t *testing.T) {
	for line, part := range map[string]string{
		"bogus":             `"bogus"`,
		"--bogus":           "--bogus",
		"serve extra":       `"extra"`,
		"serve --bogus":     "--bogus",
		"serve --name":      "--name",
		"serve --name Web":  `"Web" for "--name"`,
		"serve --name -":    `"-" for "--name"`,
		"serve --name=":     `"" for "--name"`,
		"serve --name a/b":  `"a/b" for "--name"`,
		"serve --name ../x": `"../x" for "--name"`,
		"serve --name abcdefghijklmnopqrstuvwxyz0123456": "1 to 32",
		"serve --firewall ufw":                           `"ufw" for "--firewall" flag: allowed is auto, nftables, iptables`,
		"serve --firewall=":                              `"" for "--firewall"`,
		"serve --allow-direct-routing=maybe":             `"maybe" for "--allow-direct-routing"`,
		"serve --log-level loud":                         `"loud" for "--log-level" flag: allowed is error, warning, info, debug`,
		"serve --log-level fatal":                        "error, warning, info",
		"serve --log-level trace":                        "error, warning, info",
		"serve --log-level=":                             `"" for "--log-level"`,
		"serve --log-format xml":                         `"xml" for "--log-format" flag: allowed is text, json`,
		"serve --metrics-address 9323":                   `"9323" for "--metrics-address" flag: allowed is an IP address with a port`,
		"serve --metrics-address localhost:9323":         "allowed is an IP address with a port",
		"serve --metrics-address :0":                     "allowed is an IP address with a port",
		"status web":                                     `"web"`,
		"status --yaml":                                  "--yaml",
		"status --watch=maybe":                           `"maybe" for "--watch"`,
		"network bogus":                                  `"bogus"`,
		"network ls web":                                 `"web"`,
		"network inspect":                                "NETWORK is missing: the form is 'mybridge network inspect NETWORK'",
		"network inspect a b":                            "argument \"b\" is one too many",
		"endpoint ls web db":                             "'mybridge endpoint ls [CONTAINER | ENDPOINT]'",
		"events web":                                     `"web"`,
		"events --watch":                                 "--watch",
		"ports web db":                                   "argument \"db\"",
		"ports --yaml":                                   "--yaml",
		"ports --name x":                                 "--name",
		"ports --driver No/Name":                         `"No/Name" for "--driver"`,
		"version extra":                                  `"extra"`,
		"version --state-dir /x":                         "--state-dir",
		"ipam bogus":                                     `"bogus"`,
		"ipam dump extra":                                `"extra"`,
		"ipam dump --name x":                             "--name",
		"ipam dump --driver No/Name":                     `"No/Name" for "--driver"`,
		"ipam ls 10.0.0.0/24":                            `"10.0.0.0/24"`,
		"ipam ls --yaml":                                 "--yaml",
		"ipam show":                                      "POOL is missing",
		"ipam show shop":                                 `"shop" is not a pool`,
		"ipam show 10.0.0.7/24":                          "host bits",
		"ipam explain":                                   "ADDRESS is missing",
		"ipam explain web":                               `"web" is not an IP address`,
		"ipam reserve":                                   "ADDRESS is missing",
		"ipam reserve 10.0.0.0/24":                       `"10.0.0.0/24" is not an IP address`,
		"ipam reserve 10.0.0.7 --name":                   "--name",
		"ipam reserve 10.0.0.7 printer":                  "argument \"printer\"",
		"ipam check 10.0.0.7":                            `"10.0.0.7"`,
		"ipam load":                                      "FILE is missing",
		"ipam load a b":                                  "argument \"b\"",
		"ipam release":                                   "ADDRESS is missing",
		"ipam release 10.0.0.1 10.0.0.2":                 "argument \"10.0.0.2\"",
		"ipam release web":                               `"web" is not an IP address`,
		"ipam release 10.0.0.0/24":                       `"10.0.0.0/24" is not an IP address`,
		"ipam dump --state-dir":                          "--state-dir",
	} {
		p := &fakeProgram{}
		code, stdout, stderr := p.run(strings.Fields(line)...)
		wantRun(t, "mybridge "+line, code, stderr, 2, "mybridge: ", part, " --help' shows")
		if stdout != "" {
			t.Errorf("mybridge %s: got %q on stdout, want nothing", line, stdout)
		}
		if len(p.served)+len(p.targets) > 0 {
			t.Errorf("mybridge %s: a command was run", line)
		}
	}
}

// TestUsageHint checks that the help of the command is named that was meant.
func TestUsageHint(t *testing.T) {
	for line, want := range map[string]string{"--bogus": "mybridge", "bogus": "mybridge", "network bogus": "mybridge network", "ipam show": "mybridge ipam show", "serve --bogus": "mybridge serve"} {
		code, _, stderr := (&fakeProgram{}).run(strings.Fields(line)...)
		wantRun(t, line, code, stderr, 2, "\n'"+want+" --help' shows what is allowed\n")
	}
}

// TestFailures checks that what is understood and fails gives 1, with the error
// and no hint at the usage.
func TestFailures(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.json")
	for name, test := range map[string]struct {
		program   fakeProgram
		arguments []string
		part      string
	}{
		"serve":           {fakeProgram{serveErr: errors.New("somebody listens there already")}, []string{"serve"}, "somebody listens"},
		"ports":           {fakeProgram{portsErr: errors.New("no plugin is running")}, []string{"ports"}, "no plugin is running"},
		"status":          {fakeProgram{statusErr: errors.New("no plugin is running")}, []string{"status"}, "no plugin is running"},
		"network ls":      {fakeProgram{statusErr: errors.New("no plugin is running")}, []string{"network", "ls"}, "no plugin is running"},
		"network inspect": {fakeProgram{statusErr: errors.New("no plugin is running")}, []string{"network", "inspect", "x"}, "no plugin is running"},
		"endpoint ls":     {fakeProgram{statusErr: errors.New("no plugin is running")}, []string{"endpoint", "ls"}, "no plugin is running"},
		"events":          {fakeProgram{followErr: errors.New("no plugin is running")}, []string{"events"}, "no plugin is running"},
		"dump unreached":  {fakeProgram{openErr: errors.New("no plugin is running")}, []string{"ipam", "dump"}, "no plugin is running"},
		"dump":            {fakeProgram{err: errFake}, []string{"ipam", "dump"}, errFake.Error()},
		"ls":              {fakeProgram{err: errFake}, []string{"ipam", "ls"}, errFake.Error()},
		"show":            {fakeProgram{err: errFake}, []string{"ipam", "show", "10.0.0.7"}, errFake.Error()},
		"explain":         {fakeProgram{err: errFake}, []string{"ipam", "explain", "10.0.0.7"}, errFake.Error()},
		"reserve":         {fakeProgram{err: errFake}, []string{"ipam", "reserve", "10.0.0.7"}, errFake.Error()},
		"release":         {fakeProgram{err: errFake}, []string{"ipam", "release", "10.0.0.7"}, errFake.Error()},
		"load of no file": {fakeProgram{}, []string{"ipam", "load", missing}, missing},
		"close":           {fakeProgram{closeErr: errors.New("disk is full")}, []string{"ipam", "release", "10.0.0.7"}, "disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := test.program.run(test.arguments...)
			wantRun(t, strings.Join(test.arguments, " "), code, stderr, 1, "mybridge: ", test.part)
			if strings.Contains(stderr, "--help") || stdout != "" {
				t.Errorf("got %q on stdout and %q on stderr, want the error alone", stdout, stderr)
			}
		})
	}
}
