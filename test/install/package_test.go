package install

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// greatestExposure is of systemd's scale from 0 to 10.
const greatestExposure = 4.0

// TestPackage lives through the life of the Debian package on a machine.
func TestPackage(t *testing.T) {
	onEachHost(t, func(h *host) {
		deb := h.copy(file(h.t, released+"amd64.deb"))
		before := h.Snapshot()
		h.MustRun("dpkg", "--install", deb)
		h.wantUnit()
		h.wantDockerPlugin()

		h.MustDocker("network", "create", "-d", "mybridge", "--ipam-driver", "mybridge", "--ipv6", "shop")
		h.run("web", "shop")
		h.wantRemade()
		h.wantEngineAfterPlugin()
		h.MustRun("dpkg", "--install", deb)
		h.wantAnswer("after an upgrade")

		h.wantOutput("dpkg --remove mybridge", "networks are left", "docker network ls")
		// What is sent to the loopback needs the plugin.
		h.wantAnswerFrom(h.MustDocker("inspect", "--format", "{{.NetworkSettings.Networks.shop.IPAddress}}", "web"), "without the package")
		h.MustRun("dpkg", "--install", deb)
		h.MustDocker("rm", "--force", "web")
		h.MustDocker("network", "rm", "shop")
		if output := h.MustRun("sh", "-c", "dpkg --remove mybridge 2>&1"); strings.Contains(output, "left") {
			h.t.Errorf("it says %q where no network is left", output)
		}
		h.wantOutput("cat /etc/default/mybridge", "MYBRIDGE_")
		h.MustRun("dpkg", "--purge", "mybridge")
		h.wantNothingLeft("after the package was purged")
		if after := h.Snapshot(); after != before {
			h.t.Errorf("links and rules were\n%s\nand are\n%s", before, after)
		}
	})
}

// wantUnit wants the unit to be started at once and at each boot, and hardened.
func (h *host) wantUnit() {
	h.t.Helper()
	for name, want := range map[string]string{"ActiveState": "active", "UnitFileState": "enabled"} {
		if got := h.property("mybridge.service", name); got != want {
			h.t.Errorf("the unit's %s is %s, want %s", name, got, want)
		}
	}
	if output := h.MustRun("sh", "-c", "systemd-analyze verify --man=no mybridge.service 2>&1; true"); output != "" {
		h.t.Errorf("systemd-analyze verify prints %q, want nothing", output)
	}
	output := h.MustRun("systemd-analyze", "security", "mybridge.service")
	match := regexp.MustCompile(`Overall exposure level for mybridge.service: ([0-9.]+)`).FindStringSubmatch(output)
	if match == nil {
		h.t.Fatalf("systemd-analyze security tells no exposure: %s", output)
	}
	if exposure, err := strconv.ParseFloat(match[1], 64); err != nil || exposure > greatestExposure {
		h.t.Errorf("the exposure is %s (%v), want at most %v", match[1], err, greatestExposure)
	}
}

// wantDockerPlugin wants the docker command line to have the commands.
func (h *host) wantDockerPlugin() {
	h.t.Helper()
	h.wantOutput("docker --help", "mybridge*")
	h.wantOutput("docker mybridge version", version)
	h.wantOutput("docker mybridge status", version)
	h.wantOutput("docker mybridge --help", "docker mybridge [command]")
	h.wantOutput("docker mybridge ports --bogus", "'docker mybridge ports --help'")
	h.wantOutput("/usr/libexec/docker/cli-plugins/docker-mybridge __complete mybridge ipam l", "load", "ls")
}

// wantRemade wants the unit to reach into a container's network namespace, which was
// made after the unit was started.
func (h *host) wantRemade() {
	h.t.Helper()
	link := h.MustRun("sh", "-c", "grep -l '^mybridge/' /sys/class/net/mbv*/ifalias | cut -d/ -f5")
	h.MustRun("ip", "link", "delete", link)
	h.waitUntil("the container has its interface again", func() bool {
		output, err := h.Docker("exec", "web", "/probe", "addr")
		return err == nil && strings.Contains(output, "eth0")
	})
	h.wantAnswer("after its link was deleted")
	h.wantOutput("mybridge doctor", "healthy")
}

// wantEngineAfterPlugin wants the engine to wait for the plugin, as at a boot, and
// to start what ran.
func (h *host) wantEngineAfterPlugin() {
	h.t.Helper()
	h.MustRun("systemctl", "stop", "docker.socket", "docker.service", "mybridge.service")
	// Each is asked for by itself, and the engine only waits for what was asked for before.
	h.MustRun("systemctl", "start", "mybridge.service", "docker.service")
	ready := h.stamp("mybridge.service", "ActiveEnterTimestampMonotonic")
	if started := h.stamp("docker.service", "ExecMainStartTimestampMonotonic"); started < ready {
		h.t.Errorf("the engine was started %d µs before the plugin was ready", ready-started)
	}
	h.wantAnswer("after a restart of all")
}

// stamp is a time in microseconds.
func (h *host) stamp(unit, name string) int {
	h.t.Helper()
	microseconds, err := strconv.Atoi(h.property(unit, name))
	if err != nil {
		h.t.Fatalf("%s of %s: %v", name, unit, err)
	}
	return microseconds
}
