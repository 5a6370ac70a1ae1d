package bounds

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// group is a control group that the plugin is in, which bounds its processes and
// threads.
type group struct {
	p         *plugin
	directory string
}

// newGroup makes one by the first version of control groups or by the second.
func (p *plugin) newGroup() group {
	p.t.Helper()
	parent := "/sys/fs/cgroup/pids"
	if _, err := os.Stat(parent); err != nil {
		parent = "/sys/fs/cgroup"
	}
	g := group{p, filepath.Join(parent, filepath.Base(p.Directory))}
	p.must(os.Mkdir(g.directory, 0o755))
	p.t.Cleanup(func() {
		p.Kill()
		if err := os.Remove(g.directory); err != nil {
			p.t.Error(err)
		}
	})
	if err := g.write("pids.max", "max"); errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		kernel.Skip(p.t, "a limit of processes needs the controller pids: "+err.Error())
	}
	p.must(g.write("cgroup.procs", strconv.Itoa(p.Pid())))
	return g
}

func (g group) write(name, value string) error {
	return os.WriteFile(filepath.Join(g.directory, name), []byte(value), 0o644)
}

// close lets the group have no more processes and threads than it has.
func (g group) close() {
	g.p.t.Helper()
	current, err := os.ReadFile(filepath.Join(g.directory, "pids.current"))
	g.p.must(err)
	g.p.must(g.write("pids.max", strings.TrimSpace(string(current))))
}

// TestNoProcessIsLeft lets the plugin start no program. It wants an error that says so
// and what raises the limit, nothing half done, and all to work afterwards.
func TestNoProcessIsLeft(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.use("iptables", legacyPrograms(t))
	p.MustStart()
	group := p.newGroup()
	before := p.look()
	p.must(p.createNetwork(1))
	p.must(p.createEndpoint(1, 250))
	full := p.look()
	// The plugin has all the threads that it needs: a program of Go's that gets no
	// thread ends, and is started again by who supervises it.
	p.must(p.callAll())
	p.wantLook(full)
	group.close()
	complaint := unix.EAGAIN.Error() + ".*TasksMax="
	p.wantRefused(complaint, p.createNetwork(2))
	p.wantRefused(complaint, p.publish(1, 250, 8080))
	p.must(group.write("pids.max", "max"))
	p.wantLook(full)
	group.close()
	p.tryDeletion(complaint, 1)
	p.must(group.write("pids.max", "max"))
	p.must(p.createNetwork(2))
	p.must(p.deleteNetwork(2))
	p.must(p.deleteNetwork(1))
	p.wantLook(before)
}
