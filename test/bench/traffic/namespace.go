// Package traffic is what the benchmarks send through a packet filter, and the
// network namespaces between which they do.
package traffic

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace that is there as long as its file, or a socket
// in it, is open.
type Namespace struct{ *os.File }

// NewNamespace makes a namespace, with nothing in it but a loopback that is down.
func NewNamespace() (Namespace, error) {
	var n Namespace
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace, which needs root: %w", err)
		}
		n, err = OpenNamespace("/proc/thread-self/ns/net")
		return err
	})
	return n, err
}

// OpenNamespace opens one that is there, by a path such as /proc/1/ns/net.
func OpenNamespace(path string) (Namespace, error) {
	file, err := os.Open(path)
	return Namespace{file}, err
}

// Do calls in the namespace. Programs that call runs and sockets that it opens are
// in it, goroutines that it starts are not.
func (n Namespace) Do(call func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return call()
	})
}

// onThread calls on a thread that is never unlocked, so that it ends with the call
// and with whatever it changed about itself.
func onThread(call func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		result <- call()
	}()
	return <-result
}

// Path is how other programs open the namespace.
func (n Namespace) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.Fd()) }

// Configure runs these commands of ip.
func (n Namespace) Configure(commands ...string) error {
	return n.Do(func() error { return Feed(strings.Join(commands, "\n"), "ip", "-batch", "-") })
}

// Set sets a kernel parameter below net.
func (n Namespace) Set(parameter, value string) error {
	return n.Do(func() error { return os.WriteFile("/proc/sys/net/"+parameter, []byte(value), 0) })
}

// Feed runs a program that reads the input.
func Feed(input, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Stdin = strings.NewReader(input + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w: %s", command, err, output)
	}
	return nil
}
