package plugin

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestLife takes the plugin through its life on one host. A container goes on
// reaching the outside, and being reached, whatever becomes of the plugin.
func TestLife(t *testing.T) {
	onEachEngine(t, func(h *host) {
		before := h.Snapshot()
		h.push("one", longName)
		h.MustDocker("plugin", "install", "--grant-all-permissions", repository)
		h.installCommands()
		h.createNetwork("shop", "mybridge", "10.96.0.0/24", "-o", "com.docker.network.bridge.name=shop0")
		h.run("web", "shop", "--restart", "always", "-p", "8080:80")
		h.wantAnswers("installed", "web", "8080")
		h.createNetwork("long", longName, "10.96.1.0/24")
		h.run("other", "long", "--restart", "always", "-p", "8081:80")
		h.wantAnswers("by the long name", "other", "8081")
		h.wantPorts("installed", "8080", "8081")

		h.MustDocker("plugin", "disable", "--force", repository)
		h.wantAnswers("disabled", "web", "8080")
		h.MustDocker("plugin", "set", repository, "MYBRIDGE_DEFAULT_ADDRESS_POOL=base=10.77.0.0/16,size=24", "engine-socket.source=/run/docker.sock")
		h.MustDocker("plugin", "enable", repository)
		h.wantAnswers("enabled", "web", "8080")
		h.createNetwork("set", "mybridge", "10.77.0.0/24")
		if report := h.MustRun("mybridge", "doctor"); strings.Contains(report, "engine") {
			h.t.Errorf("the engine's socket is set, and doctor says:\n%s", report)
		}

		h.crash()
		h.createNetwork("crashed", "mybridge", "10.77.1.0/24")
		h.wantAnswers("crashed", "web", "8080")

		h.upgrade("two")
		h.wantAnswers("upgraded", "web", "8080")
		h.wantPorts("upgraded", "8080", "8081")
		h.createNetwork("upgraded", "mybridge", "10.77.2.0/24")

		h.StopDocker()
		h.StartDocker()
		h.wantAnswers("engine restarted", "web", "8080")
		h.wantAnswers("engine restarted", "other", "8081")
		h.createNetwork("restarted", "mybridge", "10.77.3.0/24")

		h.removeAndClean(before)
	})
}

// installCommands puts mybridge itself on the host, for its commands.
func (h *host) installCommands() {
	h.t.Helper()
	directory, err := sources()
	if err != nil {
		h.t.Fatal(err)
	}
	h.Install(filepath.Join(directory, "bin/mybridge"))
}

// createNetwork wants the subnet that is the next one free: both names of the
// driver stand for one state, which nothing loses.
func (h *host) createNetwork(name, driver, subnet string, arguments ...string) {
	h.t.Helper()
	h.MustDocker(append(append([]string{"network", "create", "-d", driver, "--ipam-driver", driver}, arguments...), name)...)
	if got := h.MustDocker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", name); got != subnet {
		h.t.Errorf("network %s has %s, want %s", name, got, subnet)
	}
}

// wantPorts asks as on a host whose plugin is not managed.
func (h *host) wantPorts(when string, ports ...string) {
	h.t.Helper()
	table := h.MustRun("mybridge", "ports")
	for _, port := range ports {
		if !strings.Contains(table, ":"+port) {
			h.t.Errorf("%s: port %s is not among\n%s", when, port, table)
		}
	}
}

// crash waits until the engine has started the plugin again.
func (h *host) crash() {
	h.t.Helper()
	before := h.pid()
	h.MustRun("sh", "-c", "kill -KILL "+before)
	h.waitUntil("the plugin runs again", func() bool {
		_, err := h.Run("mybridge", "ipam", "ls")
		return err == nil && h.pid() != before
	})
}

// upgrade is to a build without an image.
func (h *host) upgrade(version string) {
	h.t.Helper()
	h.push(version, repository+":"+version, "BASE=none")
	h.MustDocker("plugin", "disable", "--force", repository)
	h.wantAnswers("being upgraded", "web", "8080")
	h.MustDocker("plugin", "upgrade", "--grant-all-permissions", "--skip-remote-check", repository, repository+":"+version)
	h.MustDocker("plugin", "enable", repository)
	if !strings.Contains(h.DockerLog(), "version="+version) {
		h.t.Errorf("no plugin of version %s was started", version)
	}
}

// removeAndClean removes the plugin while its networks are left. Installed again it
// finds them, knows their addresses from the engine, and lets them be removed.
func (h *host) removeAndClean(before string) {
	h.t.Helper()
	h.MustDocker("plugin", "rm", "--force", repository)
	h.wantAnswers("removed", "web", "8080")
	if left := h.MustRun("ls", "/run/docker/plugins"); strings.Contains(left, ".sock") {
		h.t.Errorf("a socket is left: %s", left)
	}
	h.MustDocker("plugin", "install", "--grant-all-permissions", repository, "engine-socket.source=/run/docker.sock", "MYBRIDGE_FIREWALL=iptables")
	h.MustDocker("restart", "web", "other") // only the state knew their ports
	h.wantAnswers("installed again", "web", "8080")
	h.wantAnswers("installed again", "other", "8081")
	h.MustDocker("rm", "--force", "web", "other")
	h.MustDocker("network", "rm", "shop", "long", "set", "crashed", "upgraded", "restarted")
	h.MustDocker("plugin", "rm", "--force", repository)
	if after := h.Snapshot(); after != before {
		h.t.Errorf("links and rules are\n%s\nwant those from before the plugin:\n%s", after, before)
	}
}
