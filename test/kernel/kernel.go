// Package kernel gives a test a network namespace of its own, with a loopback
// that is up and nothing else in it. It touches nothing of the machine's, and
// the namespace goes with the test.
package kernel

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Namespace moves the calling test into a new network namespace. What the test
// calls in its own goroutine, and the programs it runs, are in it; goroutines
// and subtests that it starts are not. It needs root, and skips without.
func Namespace(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "a network namespace needs root")
	}
	// The thread is never unlocked, so it ends with the test and takes the
	// namespace along.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("making a network namespace: %v", err)
	}
	Run(t, "ip", "link", "set", "lo", "up")
}

// Run runs a program in the calling test's namespace and returns what it prints.
func Run(t testing.TB, name string, arguments ...string) string {
	t.Helper()
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

// Skip skips the test, saying why, or fails it where MYBRIDGE_TEST_NO_SKIP is 1.
func Skip(t interface {
	Helper()
	Fatal(arguments ...any)
	Skip(arguments ...any)
}, reason string) {
	t.Helper()
	reason += ": run 'make test' as root"
	if os.Getenv("MYBRIDGE_TEST_NO_SKIP") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
