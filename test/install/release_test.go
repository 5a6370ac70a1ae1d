// Package install holds the tests of what is released: that it is reproducible and
// sound, and that a machine on which it is installed, with systemd and an engine,
// does what a user expects and is clean after it is removed.
package install

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// machines are what the architectures are called in a program.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// TestReproducible wants the same bytes from the same sources in another directory.
func TestReproducible(t *testing.T) {
	start(t)
	again, err := build("deb", "DEB_ARCH=arm64")
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		released + "arm64":     "build/arm64/mybridge",
		released + "arm64.deb": "build/mybridge_arm64.deb",
	} {
		one, err := os.ReadFile(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if another, err := os.ReadFile(filepath.Join(again, other)); err != nil || !bytes.Equal(one, another) {
			t.Errorf("%s and %s differ, %v", name, other, err)
		}
	}
}

// TestSums wants a sum of each file.
func TestSums(t *testing.T) {
	start(t)
	sums := file(t, "SHA256SUMS")
	command := exec.Command("sha256sum", "--check", "--strict", filepath.Base(sums))
	command.Dir = filepath.Dir(sums)
	output, err := command.CombinedOutput()
	if files := strings.Count(string(output), ": OK\n"); err != nil || files != 5*len(machines) {
		t.Errorf("there are %d files, want 5 for each of %d architectures: %v\n%s", files, len(machines), err, output)
	}
}

// TestArchitectures wants each program to be for its processor, static, and to be
// what its package and its list of components are about.
func TestArchitectures(t *testing.T) {
	start(t)
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

// TestDocuments wants what the archive's documents link to in the archive.
func TestDocuments(t *testing.T) {
	start(t)
	directory := t.TempDir()
	if err := run("tar", "--extract", "--directory", directory, "--file", file(t, released+"arm64.tar.gz")); err != nil {
		t.Fatal(err)
	}
	documents := filepath.Join(directory, "usr/local/share/doc/mybridge")
	seen := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(documents, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range files {
			text, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]+)?\)`).FindAllSubmatch(text, -1) {
				seen++
				if _, err := os.Stat(filepath.Join(filepath.Dir(document), string(link[1]))); err != nil {
					t.Errorf("%s links to %s: %v", document, link[1], err)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d links are found, want those of all documents", seen)
	}
}

// TestLintian wants no error and no warning.
func TestLintian(t *testing.T) {
	start(t)
	for architecture := range machines {
		output, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", file(t, released+architecture+".deb")).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", architecture, err, output)
		}
	}
}

// TestPlugins wants the managed plugin to have the program, and an iptables that runs,
// which can only be seen on a processor of its own.
func TestPlugins(t *testing.T) {
	start(t)
	for architecture, machine := range machines {
		directory := t.TempDir()
		if err := run("tar", "--extract", "--directory", directory, "--file", file(t, released+architecture+"-plugin.tar.gz")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(directory, "config.json")); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"mybridge", "usr/sbin/iptables", "usr/sbin/ip6tables-restore", "usr/sbin/iptables-legacy"} {
			binary, err := elf.Open(filepath.Join(directory, "rootfs", name))
			if err != nil {
				t.Fatal(err)
			}
			defer binary.Close()
			if binary.Machine != machine {
				t.Errorf("%s of %s is for %s", name, architecture, binary.Machine)
			}
		}
		if architecture != runtime.GOARCH {
			continue
		}
		for _, program := range []string{"/mybridge version", "iptables-restore --version", "ip6tables --version", "iptables-legacy --version"} {
			if err := run("chroot", append([]string{filepath.Join(directory, "rootfs")}, strings.Fields(program)...)...); err != nil {
				t.Error(err)
			}
		}
	}
}
