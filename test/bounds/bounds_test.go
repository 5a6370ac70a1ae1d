// Package bounds runs the plugin where something has run out or is held by somebody
// else: a lock, room on the disk, open files, processes, patience. A call then gets an
// error that names what it is, nothing is left of it, and the next one works as soon
// as there is enough again.
package bounds

import (
	"testing"
	"time"

	"mybridge/test/daemon"
	"mybridge/test/kernel"
)

func TestMain(m *testing.M) { daemon.Main(m) }

// longestWait is for what takes milliseconds, unless it hangs.
const longestWait = 20 * time.Second

// noPrograms is where a host without iptables looks for it.
const noPrograms = "/nowhere"

// plugin is a plugin with a host of its own.
type plugin struct {
	*daemon.Plugin
	t *testing.T
}

// newPlugin moves the calling test into a network namespace, which becomes the
// plugin's host, one without iptables.
func newPlugin(t *testing.T) *plugin {
	t.Helper()
	kernel.Namespace(t)
	p := &plugin{daemon.New(t, "", daemon.Binary(t)), t}
	p.use("nftables", noPrograms)
	return p
}

// use chooses the back end, and where iptables is found.
func (p *plugin) use(firewall, programs string) {
	p.Flags = []string{"--firewall", firewall}
	p.Environment = []string{"PATH=" + programs, "XTABLES_LOCKFILE=" + p.Path("xtables.lock")}
}
