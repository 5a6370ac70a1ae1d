package engine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespaces says where a command runs, by the processes that are there.
type namespaces struct {
	// machine is a process in the engine's mount and process namespaces.
	machine int
	// network is a process in the network namespace, the engine's or a
	// neighbour's.
	network int
}

// environment is that of every command, so that the tests do not depend on
// the one that they were started in. "container" tells the engine's parts
// that they run in one.
var environment = []string{
	"PATH=" + searchPath,
	"HOME=/root",
	"LANG=C.UTF-8",
	"LC_ALL=C.UTF-8",
	"container=mybridge-test",
}

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// start starts a command in the namespaces. The new process is a child of the
// test process, with nothing in between, so that its process id here, its
// signals and its exit code are its own.
func (n namespaces) start(command *exec.Cmd) error {
	return onNewThread(func() error {
		if err := n.enter(); err != nil {
			return err
		}
		path, err := find(command.Args[0])
		if err != nil {
			return err
		}
		command.Path, command.Err = path, nil
		command.Env = environment
		command.Dir = "/"
		return command.Start()
	})
}

// enter moves the calling thread, which will be of no other use after that.
func (n namespaces) enter() error {
	// Threads that share a working directory may not change mount namespaces.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare the working directory: %w", err)
	}
	machine, err := unix.PidfdOpen(n.machine, 0)
	if err != nil {
		return fmt.Errorf("find the engine's first process: %w", err)
	}
	defer unix.Close(machine)
	network, err := unix.PidfdOpen(n.network, 0)
	if err != nil {
		return fmt.Errorf("find the process that holds the network namespace: %w", err)
	}
	defer unix.Close(network)

	if err := unix.Setns(network, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	if err := unix.Setns(machine, unix.CLONE_NEWPID|unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("enter the engine's namespaces: %w", err)
	}
	return nil
}

// find looks for a program in the calling thread's root.
func find(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, directory := range filepath.SplitList(searchPath) {
		path := filepath.Join(directory, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// onNewThread runs a function on a thread that ends with it, and with it all
// that the function changed about the thread.
func onNewThread(function func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread does not end, and /proc/self is about it. Being
			// busy here, it cannot be chosen again.
			result <- onNewThread(function)
			runtime.UnlockOSThread()
			return
		}
		// Without an unlock, the end of the goroutine is that of the thread.
		result <- function()
	}()
	return <-result
}
