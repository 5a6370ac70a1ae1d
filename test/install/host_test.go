package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mybridge/test/engine"
)

// host is a machine that systemd has booted, with an engine.
type host struct {
	*engine.Engine
	t *testing.T
}

// onEachHost runs the test on a host with each engine version.
func onEachHost(t *testing.T, test func(h *host)) {
	t.Helper()
	start(t)
	for _, root := range engine.Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			h := &host{engine.Start(t, root, engine.Options{WithoutDocker: true}), t}
			h.StartSystemd()
			test(h)
		})
	}
}

// copy puts a file of this machine into the host's /root.
func (h *host) copy(path string) string {
	h.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	inside := "/root/" + filepath.Base(path)
	if err := os.WriteFile(h.Path(inside), content, 0o644); err != nil {
		h.t.Fatal(err)
	}
	return inside
}

// wantOutput wants the command to print each of the parts.
func (h *host) wantOutput(command string, parts ...string) {
	h.t.Helper()
	output := h.MustRun("sh", "-c", "("+command+") 2>&1 || echo \"exit code $?\"")
	for _, part := range parts {
		if !strings.Contains(output, part) {
			h.t.Errorf("%s: it prints %q, want %q in it", command, output, part)
		}
	}
}

// wantNothingLeft wants no file of ours.
func (h *host) wantNothingLeft(when string) {
	h.t.Helper()
	const ours = `find / -xdev -name '*mybridge*' -not -name '.mybridge-*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/lib/systemd/deb-systemd-helper-*' -not -path '/tmp/*'; find /run -name '*mybridge*'`
	if left := h.MustRun("sh", "-c", ours); left != "" {
		h.t.Errorf("%s these are left:\n%s", when, left)
	}
}

// property is what systemd says of a unit.
func (h *host) property(unit, name string) string {
	h.t.Helper()
	return h.MustRun("systemctl", "show", "--value", "--property", name, unit)
}

// run starts a container that answers on TCP port 80, which is published there too.
func (h *host) run(name, network string) {
	h.t.Helper()
	h.MustDocker("run", "-d", "--restart", "always", "--name", name, "--network", network, "-p", "80:80", "probe", "serve", "-tcp", "80")
	h.wantAnswer("from the start")
}

func (h *host) wantAnswer(when string) {
	h.t.Helper()
	h.wantAnswerFrom("127.0.0.1", when)
}

func (h *host) wantAnswerFrom(address, when string) {
	h.t.Helper()
	if _, err := h.Run("probe", "get", "-retry", address+":80"); err != nil {
		h.t.Errorf("%s the container is not reached: %v", when, err)
	}
}

// waitUntil asks again until the answer is yes.
func (h *host) waitUntil(what string, isSo func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !isSo(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("not so after 20 s: %s", what)
		}
	}
}
