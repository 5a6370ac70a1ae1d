package e2e

import (
	"os"
	"strconv"
	"strings"
)

// ours is the lines of what is there that name us.
func (h *host) ours() string {
	h.t.Helper()
	var lines []string
	for line := range strings.Lines(h.Snapshot()) {
		if small := strings.ToLower(line); strings.Contains(small, "mybridge") || strings.Contains(small, " mb") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// withoutEngine is all that a network could leave behind, without the engine's own
// rules: it adds some of them again at each start.
func (h *host) withoutEngine() string {
	h.t.Helper()
	var lines []string
	for line := range strings.Lines(h.whatIsThere()) {
		if !strings.Contains(line, "iptables ") && !strings.Contains(line, "ip6tables ") || strings.Contains(line, "MYBRIDGE") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// wantResources wants the plugin's process to use as much as at the beginning.
func (h *host) wantResources(when string, used resources) {
	h.t.Helper()
	now := h.resources()
	if !now.near(used) {
		h.t.Errorf("%s the plugin uses %+v, at the beginning %+v", when, now, used)
	}
	h.t.Logf("%s the plugin uses %+v, at the beginning %+v", when, now, used)
}

// resources are what the plugin's process uses.
type resources struct{ descriptors, goroutines, threads, kilobytes int }

func (h *host) resources() resources {
	h.t.Helper()
	pid := strconv.Itoa(h.plugin.Pid())
	var r resources
	entries, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		h.t.Fatal(err)
	}
	r.descriptors, r.goroutines = len(entries), h.metric("go_goroutines")
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "Threads:":
			r.threads, _ = strconv.Atoi(fields[1])
		case "VmRSS:":
			r.kilobytes, _ = strconv.Atoi(fields[1])
		}
	}
	return r
}

// near allows for what a runtime does as it likes.
func (r resources) near(other resources) bool {
	return r.descriptors <= other.descriptors+4 && r.goroutines <= other.goroutines+8 && r.threads <= other.threads+8 && r.kilobytes <= other.kilobytes*3/2+4096
}
