package hostport

import (
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// control returns a function for net.ListenConfig that sets options of a socket
// before it is bound.
func control(set func(fd int) error) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var failure error
		err := raw.Control(func(fd uintptr) { failure = set(int(fd)) })
		return errors.Join(err, failure)
	}
}

// keepLocal binds a socket for a loopback address to the loopback interface
// (socket(7), SO_BINDTODEVICE), so that nobody outside reaches it even where
// route_localnet lets packets to 127.0.0.0/8 in. Sockets that are not bound to an
// interface still conflict with it. A process that may not do so does without.
func keepLocal(fd int, host netip.Addr) error {
	if !host.IsLoopback() {
		return nil
	}
	err := unix.BindToDevice(fd, "lo")
	if errors.Is(err, unix.EPERM) {
		return nil
	}
	return err
}
