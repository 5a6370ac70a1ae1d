package e2e

import (
	"testing"

	"mybridge/test/engine"
)

// TestFirewalld wants the document to say what works beside firewalld, its
// commands to do what it says, and a reload to change nothing. The engines' roots
// have firewalld of versions that differ in this.
func TestFirewalld(t *testing.T) {
	onEachGuarded(t, engine.Roots(t), startFirewalld, func(g *guarded) {
		g.startFrom("firewalld")

		g.follow("Let containers through firewalld")
		g.wantAlso("with a zone", "containers reach", "neighbours reach")
		g.network("later", 9)
		g.start("late", "later")
		g.wantWay("a later network", way{"late", "get " + lanIPv4 + ":80"}, true)

		g.follow("Let the outside into routed networks")
		g.follow("Let IPv6 reach a port of a container with IPv4")
		g.wantAlso("with a policy and a port", "the outside", "IPv6")

		g.follow("With a table of nftables")
		g.wantOnlyFromLAN("with a table")
		g.reload("firewall-cmd --complete-reload")
		g.wantOnlyFromLAN("after a complete reload")

		g.follow("Keep containers from services of the host")
		g.wantWay("a service that was not added", way{"near", "get 192.168.1.1:9000"}, false)
		g.wantWay("a service that was added", way{"near", "getudp 192.168.1.1:53"}, true)
		g.wantWay("the outside", way{"near", "get [" + lanIPv6 + "]:80"}, true)
	})
}

// startFirewalld starts firewalld and the bus that it needs.
func startFirewalld(h *host) {
	h.t.Helper()
	h.MustRun("mkdir", "-p", "/run/dbus")
	h.Spawn("dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address").WaitLog("unix:")
	h.Spawn("firewalld", "--nofork", "--nopid", "--log-target", "console")
	h.wantSoon(func() string { state, _ := h.Run("firewall-cmd", "--state"); return state }, "running")
}
