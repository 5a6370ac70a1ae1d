package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPlain installs below /usr/local, as 'make install' does, changes a setting, and
// takes all away again.
func TestPlain(t *testing.T) {
	onEachHost(t, func(h *host) {
		h.install("install")
		h.wantOutput("MANPATH=/usr/local/share/man; zcat $MANPATH/man8/mybridge-serve.8.gz", "state", version)
		settings := h.Path("/etc/default/mybridge")
		if err := os.WriteFile(settings, []byte("MYBRIDGE_LOG_FORMAT=json\n"), 0o644); err != nil {
			h.t.Fatal(err)
		}
		h.install("install")
		h.MustRun("systemctl", "daemon-reload")
		h.MustRun("systemctl", "enable", "--now", "mybridge")
		h.wantOutput("journalctl --unit mybridge", `"msg":"mybridge is ready"`)
		h.wantOutput("docker mybridge version", version)

		h.MustRun("systemctl", "disable", "--now", "mybridge")
		h.install("uninstall")
		h.wantOutput("cat /etc/default/mybridge", "json")
		h.install("purge")
		h.wantNothingLeft("after a purge")
	})
}

// TestUninstall wants nothing left of an installation, not even its directories, but
// settings that were changed and the state, which go when all is purged.
func TestUninstall(t *testing.T) {
	for _, prefix := range []string{"/usr/local", "/opt/mybridge", "/usr"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			built, root := t.TempDir(), t.TempDir()
			write(t, filepath.Join(built, "mybridge"))
			for _, name := range []string{"mybridge.8", "mybridge-serve.8", "mybridge.bash", "mybridge.zsh", "mybridge.fish"} {
				write(t, filepath.Join(built, name))
			}
			script := func(what string) {
				t.Helper()
				err := run("env", "DESTDIR="+root, "PREFIX="+prefix, "BINARY="+filepath.Join(built, "mybridge"), "MANUAL="+built, "../../packaging/install.sh", what)
				if err != nil {
					t.Fatal(err)
				}
			}
			script("install")
			if _, err := os.Stat(filepath.Join(root, prefix, "libexec/docker/cli-plugins/docker-mybridge")); err != nil {
				t.Error(err)
			}
			script("uninstall")
			wantFiles(t, root)
			script("install")
			settings, state := filepath.Join(root, "etc/default/mybridge"), filepath.Join(root, "var/lib/mybridge/state.db")
			write(t, settings)
			write(t, state)
			script("uninstall")
			wantFiles(t, root, settings, state)
			script("purge")
			wantFiles(t, root)
		})
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(path), 0o755); err != nil {
		t.Fatal(err)
	}
}

// wantFiles wants these files, and no directories without files.
func wantFiles(t *testing.T, root string, want ...string) {
	t.Helper()
	output, err := exec.Command("find", root, "-mindepth", "1", "(", "-not", "-type", "d", "-or", "-empty", ")").Output()
	if got := strings.Fields(string(output)); err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("there are %q, %v, want %q", got, err, want)
	}
}

// install runs the script on the host's files.
func (h *host) install(what string) {
	h.t.Helper()
	directory, err := release()
	if err != nil {
		h.t.Fatal(err)
	}
	err = run("env", "DESTDIR="+h.Path(""), "BINARY="+file(h.t, released+"amd64"), filepath.Join(directory, "packaging", "install.sh"), what)
	if err != nil {
		h.t.Fatal(err)
	}
}
