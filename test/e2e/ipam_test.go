package e2e

import (
	"fmt"
	"strings"
	"testing"
)

func TestRangeAndAuxAddresses(t *testing.T) {
	onEachEngine(t, func(h *host) {
		before := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "--ip-range", "192.168.0.128/30", "--gateway", "192.168.0.254", "--aux-address", "printer=192.168.0.129")
		for i, want := range []string{"192.168.0.128", "192.168.0.130", "192.168.0.131"} {
			name := fmt.Sprint("container", i)
			h.run(name, "n1")
			h.wantAddress(name, "n1", want)
		}
		h.wantFailure("no address is left", "docker", "run", "--rm", "--network", "n1", "probe")
		h.wantFailure("192.168.0.129.*in use", "docker", "run", "--rm", "--network", "n1", "--ip", "192.168.0.129", "probe")
		h.wantFailure("192.168.0.254.*in use", "docker", "run", "--rm", "--network", "n1", "--ip", "192.168.0.254", "probe")
		h.run("outside", "n1", "--ip", "192.168.0.5")
		h.wantReached("container0", "192.168.0.5")
		h.wantReached("container0", "192.168.0.254")
		h.MustDocker("rm", "-f", "container1")
		h.run("again", "n1")
		h.wantAddress("again", "n1", "192.168.0.130")
		h.MustDocker("rm", "-f", "container0", "container2", "outside", "again")
		h.MustDocker("network", "rm", "n1")
		h.wantAsBefore(before)
	})
}

// TestTakeover carries the addresses of the design we grew from over.
func TestTakeover(t *testing.T) {
	onEachEngine(t, func(h *host) {
		file := `{"192.168.0.0/24":"111` + strings.Repeat("0", 252) + `"}`
		h.MustRun("sh", "-c", "printf '%s' '"+file+"' > /run/ipam.json")
		h.MustRun("mybridge", "ipam", "load", "/run/ipam.json")
		h.restartPlugin()
		if got := h.dump(); got != file {
			h.t.Errorf("the dump is %s, want %s", got, file)
		}
		h.MustRun("mybridge", "ipam", "release", "192.168.0.1")
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		h.wantAddress("one", "n1", "192.168.0.4")
		h.wantFailure("192.168.0.2.*reserved", "docker", "run", "--rm", "--network", "n1", "--ip", "192.168.0.2", "probe")
		h.MustRun("mybridge", "ipam", "release", "192.168.0.2")
		h.run("two", "n1", "--ip", "192.168.0.2")
		h.wantFailure("in use", "mybridge", "ipam", "release", "192.168.0.2")
		h.wantFailure("not reserved", "mybridge", "ipam", "release", "192.168.0.200")
		before := h.dump()
		for _, bad := range []string{``, `[]`, `{"192.168.0.0/24":"1"}`, `{"192.168.0.0/33":"1"}`, `{"192.168.0.0/24":"` + strings.Repeat("2", 255) + `"}`, file[:100], file + "x"} {
			h.MustRun("sh", "-c", "printf '%s' '"+bad+"' > /run/bad.json")
			h.wantFailure("bad.json", "mybridge", "ipam", "load", "/run/bad.json")
		}
		if after := h.dump(); after != before {
			h.t.Errorf("a bad file changed %s to %s", before, after)
		}
		h.MustDocker("rm", "-f", "one", "two")
		h.MustDocker("network", "rm", "n1")
		h.wantDump("192.168.0.0/24", "001")
		h.MustRun("mybridge", "ipam", "release", "192.168.0.3")
		if got := h.dump(); got != "{}" {
			h.t.Errorf("with no reservation left the dump is %s", got)
		}
	})
}

// TestReleasedAddressRests wants a released address given again last, also after
// a restart, and one that was asked for with --ip later still.
func TestReleasedAddressRests(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.args = append(h.args, "--reuse-delay", "10m")
		h.restartPlugin()
		h.createNetwork("n1", "--subnet", "192.168.0.0/29")
		h.run("asked", "n1", "--ip", "192.168.0.2")
		h.run("one", "n1")
		h.wantAddress("one", "n1", "192.168.0.3")
		h.MustDocker("rm", "-f", "asked")
		h.MustDocker("rm", "-f", "one")
		h.restartPlugin()
		for i, want := range []string{"192.168.0.4", "192.168.0.5", "192.168.0.6", "192.168.0.3", "192.168.0.2"} {
			name := fmt.Sprint("container", i)
			h.run(name, "n1")
			h.wantAddress(name, "n1", want)
		}
		h.wantFailure("no address is left", "docker", "run", "--rm", "--network", "n1", "probe")
	})
}

// TestSeenAndSteered wants a person to find a container's address and what
// becomes of it, with the plugin running or not.
func TestSeenAndSteered(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=seen0")
		h.run("one", "n1")
		endpoint := h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.EndpointID}}", "one")[:12]
		h.MustRun("mybridge", "ipam", "reserve", "192.168.0.3", "--name", "printer")
		h.run("two", "n1")
		h.wantAddress("two", "n1", "192.168.0.4")
		h.MustRun("mybridge", "ipam", "check")
		look := func() {
			for command, want := range map[string]string{
				"ls":                  "192.168.0.0/24",
				"ls --json":           `"subnet":`,
				"show 192.168.0.0/24": endpoint,
				"explain 192.168.0.2": endpoint,
				"explain 192.168.0.3": "printer",
				"explain 192.168.0.1": "gateway",
				"explain 192.168.0.9": "192.168.0.0/24",
				"explain 203.0.113.1": "No pool",
			} {
				got := h.MustRun(append([]string{"mybridge", "ipam"}, strings.Fields(command)...)...)
				if !strings.Contains(got, want) {
					h.t.Errorf("ipam %s: %q is not in\n%s", command, want, got)
				}
			}
		}
		look()
		h.wantFailure("that of endpoint", "mybridge", "ipam", "release", "192.168.0.2")
		h.plugin.Kill()
		look()
		h.wantFailure("that of endpoint", "mybridge", "ipam", "release", "192.168.0.2")
		h.MustRun("mybridge", "ipam", "release", "192.168.0.3")
		h.startPlugin()
		h.run("three", "n1")
		h.wantAddress("three", "n1", "192.168.0.3")
		h.plugin.Kill() // it would make the link again
		h.MustRun("ip", "link", "delete", strings.TrimSpace(h.MustRun("sh", "-c", "ip -o link | grep endpoint="+endpoint+" | cut -d: -f2 | cut -d@ -f1")))
		h.wantFailure("exit status 1", "mybridge", "ipam", "check")
	})
}
