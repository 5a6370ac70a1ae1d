// Package install holds the tests of what is released: that it is reproducible and
// sound, and that a machine on which it is installed, with systemd and an engine,
// does what a user expects and is clean after it is removed.
package install

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machines are what the architectures are called in a program.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// TestReproducible wants the same bytes from the same sources, wherever they are.
func TestReproducible(t *testing.T) {
	t.Parallel()
	sums, err := os.ReadFile(file(t, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(sums), "\n"); lines != 4*len(machines) {
		t.Errorf("there are %d files, want 4 for each of %d architectures:\n%s", lines, len(machines), sums)
	}
	directory, err := second()
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(directory, "build", "release", "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(sums) {
		t.Errorf("the sums are\n%s\nin one directory, and in another\n%s", sums, again)
	}
}

// TestArchitectures wants each program to be for its processor, static, and to be
// what its package and its list of components are about.
func TestArchitectures(t *testing.T) {
	t.Parallel()
	for architecture, machine := range machines {
		program := file(t, released+architecture)
		binary, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		defer binary.Close()
		if libraries, err := binary.ImportedLibraries(); binary.Machine != machine || err != nil || len(libraries) > 0 {
			t.Errorf("%s is for %s and needs %s (%v), want one for %s that needs nothing", program, binary.Machine, libraries, err, machine)
		}
		if got, err := exec.Command("dpkg-deb", "--field", program+".deb", "Architecture", "Version").Output(); err != nil ||
			string(got) != "Architecture: "+architecture+"\nVersion: "+version+"\n" {
			t.Errorf("%s.deb is %s, %v", program, got, err)
		}
		wantComponents(t, program)
	}
}

// wantComponents wants the list to have each module that is in the program.
func wantComponents(t *testing.T, program string) {
	t.Helper()
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(program + ".cdx.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(content, &list); err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, component := range list.Components {
		listed[component.Name] = component.Version
	}
	for _, module := range built.Deps {
		if listed[module.Path] != module.Version {
			t.Errorf("%s lists %s %q, want %s", program, module.Path, listed[module.Path], module.Version)
		}
	}
	if listed["std"] == "" {
		t.Errorf("%s does not list Go's own library", program)
	}
}

// TestLintian wants no error and no warning.
func TestLintian(t *testing.T) {
	t.Parallel()
	for architecture := range machines {
		output, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", file(t, released+architecture+".deb")).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", architecture, err, output)
		}
	}
}
