package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace that is there as long as its file, or a socket
// in it, is open.
type namespace struct{ *os.File }

func newNamespace() (namespace, error) {
	var n namespace
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace, which needs root: %w", err)
		}
		n.File, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return n, err
}

// do calls in the namespace. Programs that call runs and sockets that it opens are
// in it, goroutines that it starts are not.
func (n namespace) do(call func() error) error {
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

// path is how other programs open the namespace.
func (n namespace) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.Fd()) }

// configure runs these commands of ip.
func (n namespace) configure(commands ...string) error {
	return n.do(func() error { return feed(strings.Join(commands, "\n"), "ip", "-batch", "-") })
}

// set sets a kernel parameter below net.
func (n namespace) set(parameter, value string) error {
	return n.do(func() error { return os.WriteFile("/proc/sys/net/"+parameter, []byte(value), 0) })
}

// feed runs a program that reads the input.
func feed(input, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Stdin = strings.NewReader(input + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w: %s", command, err, output)
	}
	return nil
}
