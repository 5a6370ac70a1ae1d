package link

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sandbox is the network namespace of a container.
type sandbox struct{ file *os.File }

// openSandbox opens the network namespace that the path names. It fails where the
// path is not there, as for a container that is gone or a plugin that does not see
// the engine's mounts, and where it names something else.
func openSandbox(path string) (*sandbox, error) {
	if path == "" {
		return nil, errors.New("its container's network namespace is not known")
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%q is not the path of a network namespace", path)
	}
	// Without waiting, whatever the path is.
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("its container's network namespace is not there: %w", err)
	}
	s := &sandbox{file}
	if err := s.check(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sandbox) close() { _ = s.file.Close() } // it was only read

// check finds what is no network namespace of a container: when one is gone, its
// path is an empty file for a moment.
func (s *sandbox) check() error {
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(s.file.Fd()), &system); err != nil {
		return fmt.Errorf("looking at %s: %w", s.file.Name(), err)
	}
	if system.Type != unix.NSFS_MAGIC {
		return fmt.Errorf("%s is not a network namespace any more", s.file.Name())
	}
	if kind, err := unix.IoctlRetInt(int(s.file.Fd()), unix.NS_GET_NSTYPE); err != nil || kind != unix.CLONE_NEWNET {
		return errors.Join(fmt.Errorf("%s is not a network namespace", s.file.Name()), err)
	}
	inside, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", s.file.Name(), err)
	}
	outside, err := os.Stat(ownNamespace)
	if err != nil {
		return fmt.Errorf("looking at the host's network namespace: %w", err)
	}
	if os.SameFile(inside, outside) {
		return fmt.Errorf("%s is the host's own network namespace", s.file.Name())
	}
	return nil
}

// ownNamespace is the network namespace of the calling thread.
const ownNamespace = "/proc/thread-self/ns/net"

// within calls do in the namespace, on a thread that is nobody else's meanwhile.
// What do writes below /proc/sys/net is the namespace's as well.
func (s *sandbox) within(do func(handle *netlink.Handle) error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open(ownNamespace)
		if err != nil {
			runtime.UnlockOSThread()
			result <- fmt.Errorf("opening the host's network namespace: %w", err)
			return
		}
		defer func() { _ = home.Close() }() // it was only read
		if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			result <- fmt.Errorf("entering %s: %w", s.file.Name(), err)
			return
		}
		err = withHandle(do)
		// A thread that does not come back ends with its goroutine.
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

func withHandle(do func(handle *netlink.Handle) error) error {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	defer handle.Close()
	if err := handle.SetSocketTimeout(socketTimeout); err != nil {
		return fmt.Errorf("limiting netlink calls to %s: %w", socketTimeout, err)
	}
	return do(handle)
}
