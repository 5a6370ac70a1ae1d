package kernel

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// InNamespace returns do for another goroutine, in the calling test's namespace. Its
// thread ends with it.
func InNamespace(t testing.TB, do func() error) func() error {
	t.Helper()
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return func() error {
		defer func() { _ = namespace.Close() }() // it was only read
		runtime.LockOSThread()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return do()
	}
}
