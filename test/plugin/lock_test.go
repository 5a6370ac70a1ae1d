package plugin

import (
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestLegacyLock wants the plugin to take turns with the host's iptables-legacy,
// where it was given the host's lock.
func TestLegacyLock(t *testing.T) {
	t.Parallel()
	roots := engine.Roots(t)
	e := engine.Start(t, roots[len(roots)-1], engine.Options{WithoutDocker: true})
	for _, program := range []string{"iptables", "ip6tables"} {
		e.MustRun("update-alternatives", "--set", program, "/usr/sbin/"+program+"-legacy")
	}
	e.StartDocker()
	h := newHost(t, e)
	h.push("one", longName)
	h.MustDocker("plugin", "install", "--grant-all-permissions", repository, "xtables-lock.source=/run/xtables.lock")
	holder := h.Spawn("flock", "--no-fork", "/run/xtables.lock", "sleep", "1h")
	h.waitUntil("the lock is held", func() bool {
		_, err := h.Run("flock", "--nonblock", "/run/xtables.lock", "true")
		return err != nil
	})
	const create = "network create -d mybridge --ipam-driver mybridge shop"
	if _, err := h.Docker(strings.Fields(create)...); err == nil || !strings.Contains(err.Error(), "holds the xtables lock") {
		t.Errorf("the host holds the lock, and creating a network got: %v", err)
	}
	holder.Kill()
	h.MustDocker(strings.Fields(create)...)
	h.run("web", "shop", "-p", "8080:80")
	h.wantAnswers("with iptables-legacy", "web", "8080")
	if rules := h.MustRun("iptables-legacy-save"); !strings.Contains(rules, "MYBRIDGE-FORWARD") {
		t.Errorf("the plugin's rules are not with the engine's:\n%s", rules)
	}
}
