package engine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// traces is what tells an engine's remains from all else on the machine.
type traces struct {
	namespaces   []string
	controlGroup string
	links        []string
	mounts       []string
}

// tracesOf is called while the engine runs.
func tracesOf(t *testing.T, pid int, controlGroup string) traces {
	t.Helper()
	found := traces{controlGroup: controlGroup, links: machineLinks(t), mounts: machineMounts(t)}
	for _, kind := range []string{"net", "mnt", "pid"} {
		namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			t.Fatal(err)
		}
		found.namespaces = append(found.namespaces, namespace)
	}
	return found
}

// left returns what is still there.
func (f traces) left(t *testing.T) []string {
	t.Helper()
	var left []string
	processes, err := filepath.Glob("/proc/[0-9]*/task/*/ns/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range processes {
		namespace, err := os.Readlink(path)
		if err == nil && slices.Contains(f.namespaces, namespace) {
			left = append(left, path+" is in "+namespace)
		}
	}
	groups, err := controlGroups(f.controlGroup)
	if err != nil {
		t.Fatal(err)
	}
	left = append(left, groups...)
	for _, link := range machineLinks(t) {
		if !slices.Contains(f.links, link) {
			left = append(left, "link "+link)
		}
	}
	return left
}

func machineLinks(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func machineMounts(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(content), "\n")
}

// mustVanish waits a moment, as the kernel ends namespaces by and by.
func (f traces) mustVanish(t *testing.T) {
	t.Helper()
	var left []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left = f.left(t); len(left) == 0 {
			return
		}
	}
	t.Errorf("the engine left behind:\n%s", strings.Join(left, "\n"))
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, root := range Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			mounts := machineMounts(t)
			var found traces
			t.Run("engine", func(t *testing.T) {
				e := Start(t, root, Options{})
				e.AttachNeighbour("198.51.100.1/24", "198.51.100.2/24")
				e.MustDocker("run", "--detach", "--memory", "64m", "probe")
				found = tracesOf(t, e.namespaces.machine, e.controlGroup)
				if !slices.Equal(found.mounts, mounts) {
					t.Errorf("the engine changed the machine's mounts from\n%v\nto\n%v", mounts, found.mounts)
				}
				if len(found.left(t)) == 0 {
					t.Error("the running engine has left no traces, so that the test would find none")
				}
			})
			found.mustVanish(t)
		})
	}
}

// helperVariable makes TestKilledHelper the test process that is killed.
const helperVariable = "MYBRIDGE_TEST_KILLED_HELPER"

func TestKilledHelper(t *testing.T) {
	if os.Getenv(helperVariable) == "" {
		t.Skip("only for TestNothingIsLeftByKilledTest")
	}
	e := Start(t, Roots(t)[0], Options{})
	e.MustDocker("run", "--detach", "probe")
	fmt.Println("running", e.namespaces.machine, e.controlGroup)
	time.Sleep(time.Minute)
}

func TestNothingIsLeftByKilledTest(t *testing.T) {
	t.Parallel()
	Roots(t) // skips where there are none
	helper := exec.Command(os.Args[0], "-test.run=^TestKilledHelper$")
	// Its temporary directories are left to this test.
	helper.Env = append(os.Environ(), helperVariable+"=1", "TMPDIR="+t.TempDir())
	output, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	defer helper.Process.Kill()

	var pid int
	var controlGroup string
	for lines := bufio.NewScanner(output); controlGroup == ""; {
		if !lines.Scan() {
			t.Fatal("the helper ended")
		}
		_, _ = fmt.Sscanf(lines.Text(), "running %d %s", &pid, &controlGroup)
	}
	found := tracesOf(t, pid, controlGroup)
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	found.mustVanish(t)
}
