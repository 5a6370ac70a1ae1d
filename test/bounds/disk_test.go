package bounds

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// mount gives the plugin, in a mount namespace of its own, a state directory on a file
// system that the command mounts on $state.
func (p *plugin) mount(command string) {
	p.t.Helper()
	p.must(os.Mkdir(p.Path("state"), 0o700))
	p.Under = []string{"unshare", "--mount", "/usr/bin/env", "state=" + p.Path("state"), "PATH=" + os.Getenv("PATH"), "sh", "-c", command + ` && PATH=$0 exec "$@"`, noPrograms}
}

// inState is a path in the state directory that the plugin sees.
func (p *plugin) inState(name string) string {
	return fmt.Sprintf("/proc/%d/root%s", p.Pid(), filepath.Join(p.Path("state"), name))
}

// fill writes files into the state directory until it is full, and returns what
// removes them.
func (p *plugin) fill() (empty func()) {
	p.t.Helper()
	ballast, err := os.Create(p.inState("ballast"))
	p.must(err)
	defer ballast.Close()
	for err == nil {
		_, err = ballast.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		p.t.Fatal(err)
	}
	return func() { p.must(os.Remove(p.inState("ballast"))) }
}

// TestDiskIsFull wants what cannot be kept to be refused and nothing to be left of it,
// reading and deleting to go on, and all to work again when there is room.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.mount("mount -t tmpfs -o size=1m tmpfs $state")
	p.MustStart()
	before := p.look()
	p.must(p.createNetwork(1))
	p.must(p.createEndpoint(1, 1))
	empty := p.fill()
	made := 1 // some find place in what the file has
	var refused error
	for refused == nil && made < 200 {
		full := p.look()
		if refused = p.createNetwork(made + 1); refused == nil {
			made++
			continue
		}
		p.wantRefused("the disk is full", refused)
		p.wantLook(full)
	}
	p.wantRefused("the disk is full", p.createNetwork(made+1))
	if _, err := p.Get(p.t.Context(), "/ports"); err != nil {
		t.Errorf("what is there cannot be read: %v", err)
	}
	p.must(p.deleteEndpoint(1, 1))
	p.must(p.deleteNetwork(1))
	empty()
	p.must(p.createNetwork(made + 1))
	for n := 2; n <= made+1; n++ {
		p.must(p.deleteNetwork(n))
	}
	p.wantLook(before)
}

// TestDiskTurnsReadOnly has the kernel find an error in the file system, upon which
// it writes nothing more.
func TestDiskTurnsReadOnly(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		kernel.Skip(t, "a file system of its own needs loop devices")
	}
	kernel.Run(t, "truncate", "--size=8M", p.Path("image"))
	kernel.Run(t, "mkfs.ext4", "-q", p.Path("image"))
	p.mount("mount -o loop,errors=remount-ro " + p.Path("image") + " $state")
	p.MustStart()
	p.must(p.createNetwork(1))
	p.must(p.createEndpoint(1, 1))
	before := p.look()
	device := regexp.MustCompile(`ext4 /dev/(\S+)`).FindStringSubmatch(p.mountOfState())
	p.must(os.WriteFile("/sys/fs/ext4/"+device[1]+"/trigger_fs_error", []byte("mybridge's test"), 0o200))
	p.wantRefused("the disk is read-only", p.createNetwork(2))
	p.wantRefused("the disk is read-only", p.publish(1, 1, 8080))
	p.wantLook(before)
	if _, err := p.Get(p.t.Context(), "/ports"); err != nil {
		t.Errorf("what is there cannot be read: %v", err)
	}
	p.wantRefused("the disk is read-only", p.deleteNetwork(1))
	p.wantLook(before)

	p.Kill()
	kernel.Run(t, "sh", "-c", "e2fsck -p "+p.Path("image")+"; test $? -le 1") // 1: mended
	p.MustStart()
	p.must(p.createNetwork(2))
	p.must(p.deleteNetwork(1))
	p.must(p.deleteNetwork(2))
}

func (p *plugin) mountOfState() string {
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", p.Pid()))
	p.must(err)
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, " "+p.Path("state")+" ") {
			return line
		}
	}
	return ""
}

// TestStartOnReadOnlyDisk wants a start that can keep nothing to fail, saying so.
func TestStartOnReadOnlyDisk(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	p.mount("mount -t tmpfs -o ro tmpfs $state")
	if err := p.Start(); err == nil {
		t.Fatal("the plugin runs")
	}
	<-p.Ended()
	if log := p.Log(); !strings.Contains(log, p.Path("state")+"/state.db: read-only file system") {
		t.Errorf("the plugin ended with %q", log)
	}
}
