package e2e

import (
	"testing"

	"mybridge/test/engine"
)

// TestUfw wants the document to say what works beside ufw, its commands to do
// what it says, and ufw's own to take nothing away. The ufw is the same in all
// roots, so the newest engine stands for all.
func TestUfw(t *testing.T) {
	roots := engine.Roots(t)
	enable := func(h *host) { h.MustRun("ufw", "--force", "enable") }
	onEachGuarded(t, roots[len(roots)-1:], enable, func(g *guarded) {
		g.startFrom("ufw")
		g.MustRun("ufw", "reload")
		g.want("after a reload")
		g.MustRun("ufw", "disable")
		g.MustRun("ufw", "--force", "enable")
		g.want("enabled again")

		g.follow("With DOCKER-USER")
		g.wantOnlyFromLAN("with DOCKER-USER")
		g.MustRun("iptables", "-F", "DOCKER-USER")
		g.MustRun("ip6tables", "-F", "DOCKER-USER")

		g.MustRun("ufw", "default", "reject", "routed")
		g.startFrom("ufw, `reject routed`")
		g.follow("Let containers through a ufw that rejects")
		g.wantAlso("with routes", "containers of other networks", "containers reach the outside", "the outside", "neighbours reach each other")
		g.follow("Let containers reach a service of the host")
		g.follow("Let neighbours and IPv6 reach ports that mybridge carries")
		g.wantAlso("with all rules", "containers", "neighbours", "IPv6")

		g.follow("With ufw")
		g.wantOnlyFromLAN("with ufw's routes")
	})
}
