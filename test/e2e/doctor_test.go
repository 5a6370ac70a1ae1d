package e2e

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// doctor runs 'mybridge doctor' and returns what it prints, and its exit code.
func (h *host) doctor(arguments ...string) (output string, code int) {
	h.t.Helper()
	output, err := h.Run(append([]string{"mybridge", "doctor"}, arguments...)...)
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		return output, exit.ExitCode()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return output, 0
}

// wantDoctor wants these findings and no others, each by a part of its line.
func (h *host) wantDoctor(wantCode int, want ...string) {
	h.t.Helper()
	output, code := h.doctor("--json")
	var findings []struct{ Subject, Problem, Meaning string }
	if err := json.Unmarshal([]byte(output), &findings); err != nil {
		h.t.Fatalf("doctor --json printed %q: %v", output, err)
	}
	if code != wantCode || len(findings) != len(want) {
		h.t.Errorf("doctor ended with %d: %s\nwant %d and %q", code, output, wantCode, want)
	}
	for _, part := range want {
		named := false
		for _, f := range findings {
			named = named || strings.Contains(f.Subject+" "+f.Problem, part) && f.Meaning != ""
		}
		if !named {
			h.t.Errorf("doctor does not say %q: %s", part, output)
		}
	}
}

func (h *host) wantHealthy(when string) {
	h.t.Helper()
	if output, code := h.doctor(); code != 0 || output != "healthy" {
		h.t.Errorf("%s: doctor ended with %d: %s", when, code, output)
	}
}

// TestDoctorOfAHealthyHost wants nothing found while all is used, after a restart of
// each part, and without the plugin only that it is missing.
func TestDoctorOfAHealthyHost(t *testing.T) {
	onEachBackend(t, func(h *host) {
		h.wantHealthy("without networks")
		nothing := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.createNetwork("n2", "--ipv6", "--subnet", "fd00:2::/64")
		h.createNetwork("n3", "--internal", "-o", "com.docker.network.bridge.name=quiet0")
		h.serve("web", "n1", "-p", "8080:80", "-p", "127.0.0.1:5300:53/udp")
		h.MustDocker("network", "connect", "n2", "web")
		h.run("db", "n3")
		h.wantHealthy("with containers")
		before := h.whatIsThere()
		h.plugin.Kill()
		h.wantDoctor(1, "the plugin does not run")
		h.wantAsBefore(before)
		h.startPlugin()
		h.wantHealthy("after a restart")
		h.MustDocker("stop", "-t", "1", "web")
		h.wantHealthy("with a container that is stopped")
		h.MustDocker("rm", "-f", "web", "db")
		h.MustDocker("network", "rm", "n1", "n2", "n3")
		h.wantHealthy("after all is removed")
		h.wantAsBefore(nothing) // the tables stay for two seconds
		h.plugin.Kill()
		h.wantDoctor(1, "the plugin does not run")
	})
}

// TestDoctorMendsWithoutPlugin wants each damage named, left until --fix, and mended.
func TestDoctorMendsWithoutPlugin(t *testing.T) {
	onEachBackend(t, func(h *host) {
		lan := h.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=shop0")
		h.serve("web", "n1", "-p", "8080:80")
		h.run("peer", "n1")
		port := strings.Split(h.MustRun("ls", "/sys/class/net/shop0/brif"), "\n")[0]
		before := h.whatIsThere()
		h.plugin.Kill()
		rulesGone := map[string]string{"nftables": "nft delete table inet mybridge", "iptables": "iptables -t nat -F MYBRIDGE-PUBLISHED"}[h.args[len(h.args)-1]]
		rulesProblem := map[string]string{"nftables": "table inet mybridge is gone", "iptables": "chain MYBRIDGE-PUBLISHED of table nat has 0 of "}[h.args[len(h.args)-1]]
		for command, problem := range map[string]string{
			"ip link delete shop0":                    "bridge shop0 of network",
			rulesGone:                                 rulesProblem,
			"nft delete table bridge mybridge":        "table bridge mybridge is gone",
			"ip link set " + port + " nomaster":       "is no port of bridge shop0",
			"ip link set " + port + " down":           "is down",
			"ip address del 192.168.0.1/24 dev shop0": "has lost its address",
			"echo 0 > /proc/sys/net/ipv4/ip_forward":  "net.ipv4.ip_forward is off",
		} {
			h.MustRun("sh", "-c", command)
			for range 2 { // a look changes nothing
				if output, code := h.doctor(); code != 1 || !strings.Contains(output, problem) {
					h.t.Errorf("%s: doctor ended with %d: %s\nwant %q", command, code, output, problem)
				}
			}
			output, _ := h.doctor("--fix")
			if !strings.Contains(output, "fixed: ") {
				h.t.Errorf("%s: doctor --fix says %s", command, output)
			}
			h.wantDoctor(1, "the plugin does not run")
			h.wantAsBefore(before)
			if _, err := lan.Run("probe", "get", "-retry", "-timeout", "5s", "198.51.100.1:8080"); err != nil {
				h.t.Errorf("%s, and mended: the LAN does not reach the port: %v", command, err)
			}
			h.wantReached("peer", "192.168.0.2")
		}
	})
}

// TestDoctorWithoutEngine wants an engine that cannot be asked to be a failure only
// where somebody named it.
func TestDoctorWithoutEngine(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.args = append(h.args, "--engine-socket", "/run/nobody.sock")
		h.restartPlugin()
		h.wantHealthy("the plugin's engine is not there")
		h.wantFailure("/run/other.sock.*no such file", "mybridge", "doctor", "--engine-socket", "/run/other.sock")
		if _, code := h.doctor("--engine-socket", "/run/other.sock"); code != 2 {
			h.t.Errorf("doctor ended with %d where the engine that is named is not there, want 2", code)
		}
		if _, code := h.doctor("--engine-socket", "/run/docker.sock"); code != 0 {
			h.t.Errorf("doctor ended with %d where the engine that is named is there, want 0", code)
		}
		if _, code := h.doctor("--state-dir", "/nowhere", "--driver", "other"); code != 2 {
			h.t.Errorf("doctor ended with %d without plugin and state, want 2", code)
		}
	})
}
