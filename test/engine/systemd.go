package engine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// startSystemd makes the first process of new namespaces systemd: control groups and
// devices are its own, mounts propagate as on a machine, and units that would reach
// for the machine's kernel or clock are masked.
const startSystemd = `
set -e
top=/sys/fs/cgroup
[ -e $top/cgroup.procs ] || top=$top/unified
mkdir -p $top$1/systemd
echo 0 >$top$1/systemd/cgroup.procs
exec unshare --pid --fork --kill-child --mount --ipc --uts --cgroup sh -e -c '
	mount -t proc proc /proc
	umount --recursive --lazy /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkdir /run/devices
	mount -t tmpfs -o mode=0755 devices /run/devices
	mkdir /run/devices/pts /run/devices/shm
	(cd /dev && cp --archive full null random tty urandom zero /run/devices)
	mount --move /run/devices /dev
	mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
	ln -s pts/ptmx /dev/ptmx
	ln -s /proc/self/fd /dev/fd
	mount --make-rshared /
	: >/etc/machine-id
	for unit in "$@"; do ln -sf /dev/null /etc/systemd/system/$unit; done
	exec /lib/systemd/systemd --log-level=warning --log-target=console --unit=multi-user.target
' sh $2
`

// maskedUnits are also those that only cost time.
var maskedUnits = []string{
	"apparmor.service", "apt-daily-upgrade.timer", "apt-daily.timer", "console-getty.service", "dev-hugepages.mount",
	"dev-mqueue.mount", "e2scrub_all.timer", "firewalld.service", "getty.target", "ldconfig.service", "modprobe@.service",
	"proc-sys-fs-binfmt_misc.automount", "sys-fs-fuse-connections.mount", "sys-kernel-debug.mount",
	"sys-kernel-tracing.mount", "systemd-binfmt.service", "systemd-journal-catalog-update.service",
	"systemd-journald-audit.socket", "systemd-logind.service", "systemd-modules-load.service",
	"systemd-random-seed.service", "systemd-sysctl.service", "systemd-timesyncd.service", "systemd-tmpfiles-setup-dev.service",
	"systemd-tmpfiles-setup-dev-early.service", "systemd-udevd.service", "systemd-update-utmp.service", "ufw.service",
}

// StartSystemd boots the engine's root with its own systemd, which starts dockerd,
// instead of StartDocker. The engine's commands run beside that systemd from then on,
// and whatever it started dies with the test.
func (e *Engine) StartSystemd() {
	e.t.Helper()
	starter := e.spawn(e.owner, nil, "sh", "-c", startSystemd, "sh", e.controlGroup, strings.Join(maskedUnits, " "))
	e.waitForSystemd(starter)
	e.namespaces.machine = starter.onlyChild()
	e.MustRun("systemctl", "is-system-running", "--wait")
	if err := e.waitForDocker(); err != nil {
		e.t.Fatal(err)
	}
	e.importProbe()
}

// waitForSystemd waits until systemd takes orders.
func (e *Engine) waitForSystemd(starter *Process) {
	e.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(e.Path("/run/systemd/private")); err == nil {
			return
		}
		select {
		case <-starter.Done():
			e.t.Fatal("systemd ended")
		default:
		}
	}
	e.t.Fatal("systemd did not start")
}

// onlyChild returns the process that this one has started.
func (p *Process) onlyChild() int {
	p.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.Pid()))
	if err != nil {
		p.t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		p.t.Fatalf("%s has not one child: %v", p.command.Args[0], err)
	}
	return child
}
