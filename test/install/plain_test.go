package install

import (
	"os"
	"path/filepath"
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
