package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"mybridge/test/engine"
)

const troubleshooting = "../../docs/troubleshooting.md"

// TestTroubleshooting provokes the errors that the document has as headings, so that a
// reader finds there what Docker says.
func TestTroubleshooting(t *testing.T) {
	var wanted []*regexp.Regexp
	for _, heading := range regexp.MustCompile("(?m)^### `(.+)`$").FindAllStringSubmatch(readFile(t, troubleshooting), -1) {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(heading[1]), "…", ".*")
		wanted = append(wanted, regexp.MustCompile(pattern))
	}
	t.Parallel()
	for _, root := range engine.Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, root, engine.Options{}, "--default-address-pool", "base=10.50.0.0/24,size=24")
			failures := h.provoke()
			for _, pattern := range wanted {
				if !slices.ContainsFunc(failures, pattern.MatchString) {
					t.Errorf("the engine does not say %q", pattern)
				}
			}
			for _, failure := range failures {
				if !slices.ContainsFunc(wanted, func(p *regexp.Regexp) bool { return p.MatchString(failure) }) {
					t.Errorf("%s has no heading for %q", troubleshooting, failure)
				}
			}
		})
	}
}

// provoke returns the errors of commands that fail on any host, in this order.
func (h *host) provoke() []string {
	h.t.Helper()
	var failures []string
	fail := func(arguments ...string) {
		h.t.Helper()
		output, err := h.Docker(arguments...)
		if err == nil {
			h.t.Errorf("docker %v succeeded: %s", arguments, output)
			return
		}
		failures = append(failures, err.Error())
	}
	create := func(arguments ...string) []string {
		return append([]string{"network", "create", "-d", "mybridge", "--ipam-driver", "mybridge"}, arguments...)
	}
	h.createNetwork("shop", "--subnet", "192.168.7.0/29")
	h.run("web", "shop", "--ip", "192.168.7.2", "-p", "8080:80")
	h.MustRun("mybridge", "ipam", "reserve", "192.168.7.3")
	h.MustDocker("network", "create", "--subnet", "192.168.8.0/24", "native")

	fail(create("-o", "spelling=mistaken", "new")...)
	fail(create("--subnet", "192.168.8.0/24", "new")...)
	fail(create("--subnet", "192.168.7.0/24", "new")...)
	fail("run", "-d", "--network", "shop", "--ip", "192.168.7.2", "probe")
	fail("run", "-d", "--network", "shop", "--ip", "192.168.7.3", "probe")
	fail("run", "-d", "--network", "shop", "-p", "8080:80", "probe")
	for _, name := range []string{"second", "third", "fourth"} {
		h.run(name, "shop")
	}
	fail("run", "-d", "--network", "shop", "probe")
	h.createNetwork("automatic")
	fail(create("new")...)
	return failures
}
