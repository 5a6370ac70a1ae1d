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
