package cli_test

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/cli"
	"mybridge/ipam"
)

func TestDump(t *testing.T) {
	bits := "111" + strings.Repeat("0", 252)
	p := &fakeProgram{
		dumped: ipam.Bitmaps{netip.MustParsePrefix("192.168.0.0/24"): bits, netip.MustParsePrefix("10.0.0.0/30"): "010"},
		left:   []netip.Prefix{netip.MustParsePrefix("11.0.0.0/8"), netip.MustParsePrefix("2001:db8::/64")},
	}
	code, stdout, stderr := p.run("ipam", "dump")
	if want := `{"10.0.0.0/30":"010","192.168.0.0/24":"` + bits + "\"}\n"; stdout != want {
		t.Errorf("stdout:\n got %s\nwant %s", stdout, want)
	}
	wantRun(t, "ipam dump", code, stderr, 0, "11.0.0.0/8 is left out", "2001:db8::/64 is left out")
	if p.closed != 1 {
		t.Errorf("the address manager was closed %d times, want once", p.closed)
	}
	read, err := ipam.ReadBitmaps(strings.NewReader(stdout))
	if err != nil || !maps.Equal(read, p.dumped) {
		t.Errorf("what was dumped reads as %v, %v, want %v", read, err, p.dumped)
	}
}

func TestDumpOfNothing(t *testing.T) {
	code, stdout, stderr := (&fakeProgram{dumped: ipam.Bitmaps{}}).run("ipam", "dump")
	if code != 0 || stdout != "{}\n" || stderr != "" {
		t.Errorf("got exit code %d, stdout %q, stderr %q, want 0, {} and nothing", code, stdout, stderr)
	}
}

// TestIPAMOfAStoppedPlugin wants the work done and told whose state it was done in.
func TestIPAMOfAStoppedPlugin(t *testing.T) {
	p := &fakeProgram{notRunning: "no plugin is running at /a.sock"}
	code, stdout, stderr := p.run("ipam", "ls", "--json")
	if wantRun(t, "ipam ls", code, stderr, 0, "no plugin is running at /a.sock: its state is used"); stdout != "[]\n" {
		t.Errorf("got %q, want []", stdout)
	}
}

func TestTargetDefaults(t *testing.T) {
	p := &fakeProgram{}
	p.run("ipam", "release", "10.0.0.7")
	p.run("ipam", "ls", "--driver", "second")
	want := []cli.Target{
		{Name: "mybridge", AdminSocket: "/run/mybridge/mybridge.sock", StateDir: "/var/lib/mybridge"},
		{Name: "second", AdminSocket: "/run/mybridge/second.sock", StateDir: "/var/lib/mybridge"},
	}
	if !slices.Equal(p.targets, want) {
		t.Errorf("got %+v, want %+v", p.targets, want)
	}
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ipam.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	p := &fakeProgram{}
	code, stdout, stderr := p.run("ipam", "load", writeFile(t, `{"10.0.0.0/30":"010","10.0.1.0/31":"1"}`))
	if code != 0 || stdout != "" || stderr != "" {
		t.Errorf("got exit code %d, stdout %q, stderr %q, want 0 and nothing", code, stdout, stderr)
	}
	want := ipam.Bitmaps{netip.MustParsePrefix("10.0.0.0/30"): "010", netip.MustParsePrefix("10.0.1.0/31"): "1"}
	if len(p.loaded) != 1 || !maps.Equal(p.loaded[0], want) {
		t.Errorf("loaded is %v, want %v once", p.loaded, want)
	}
	if p.closed != 1 {
		t.Errorf("the address manager was closed %d times, want once", p.closed)
	}
}

// TestLoadRefuses checks that the error names the file and what is wrong in it.
func TestLoadRefuses(t *testing.T) {
	for content, part := range map[string]string{
		"":                        "not a bitmap file",
		"hello":                   "not a bitmap file",
		`["000"]`:                 "not a bitmap file",
		`{"10.0.0.0/30":"00"}`:    "2 characters",
		`{"10.0.0.0/30":"002"}`:   "position 2",
		`{"10.0.0.0/30":"000"} x`: "more after",
	} {
		p := &fakeProgram{}
		file := writeFile(t, content)
		code, _, stderr := p.run("ipam", "load", file)
		wantRun(t, "load of "+content, code, stderr, 1, file, part)
		if len(p.loaded) > 0 || p.closed != 1 {
			t.Errorf("load of %s: loaded is %v and closed %d times, want nothing and once", content, p.loaded, p.closed)
		}
	}
	p := &fakeProgram{}
	directory := t.TempDir()
	code, _, stderr := p.run("ipam", "load", directory)
	wantRun(t, "load of a directory", code, stderr, 1, directory)
}
