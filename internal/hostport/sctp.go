package hostport

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// firstDynamicPort begins the ports that nobody is assigned (RFC 6335, section 6).
const firstDynamicPort = 49152

// listenSCTP holds an SCTP port. Where the kernel has no SCTP sockets no process
// of the host can have the port, nor reach the container through it: then it is
// enough that no two owners of ours get it, and what comes from elsewhere is
// forwarded by the packet filter.
func (h *Holder) listenSCTP(m Mapping) (held, error) {
	listener, err := listen(m.Host, func(fd int) error {
		return errors.Join(h.becomeSCTP(fd), listenerOptions(fd, m.Host.Addr()), keepLocal(fd, m.Host.Addr()))
	})
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return h.reserve(m)
	}
	if err != nil {
		return held{}, err
	}
	m.Host = netip.AddrPortFrom(m.Host.Addr(), boundPort(listener))
	dialer := net.Dialer{Control: control(h.becomeSCTP)}
	return h.carryStreams(m, sctpTransport{tcpTransport{listener, dialer, m.Container}}), nil
}

// reserve holds a port without a socket. One of our own choice nobody has on any
// address, so that it is free on a request's other targets too.
func (h *Holder) reserve(m Mapping) (held, error) {
	for port := firstDynamicPort; m.Host.Port() == 0; port++ {
		if port > math.MaxUint16 {
			return held{}, unix.EADDRINUSE
		}
		if !slices.ContainsFunc(h.held, func(one held) bool {
			return one.Protocol == m.Protocol && int(one.Host.Port()) == port
		}) {
			m.Host = netip.AddrPortFrom(m.Host.Addr(), uint16(port))
		}
	}
	return held{Mapping: m, release: func() {}}, nil
}

// becomeSCTP puts an SCTP socket in the place of a TCP socket that package net
// has opened and not used yet. One-to-one style sockets are made to be used in
// the same way (RFC 6458, section 4), and net has no other entrance for them.
func (h *Holder) becomeSCTP(fd int) error {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return err
	}
	sctp, err := h.openSCTP(domain)
	if err != nil {
		return err
	}
	return errors.Join(unix.Dup3(sctp, fd, unix.O_CLOEXEC), unix.Close(sctp))
}

// openSCTP opens a one-to-one style socket.
func openSCTP(domain int) (int, error) {
	return unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP)
}

// listenerOptions sets what net has set on the socket whose place it took.
func listenerOptions(fd int, host netip.Addr) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if host.Is6() {
		return errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1))
	}
	return err
}

type sctpTransport struct{ tcpTransport }

func (t sctpTransport) accept() (stream, error) {
	conn, err := t.tcpTransport.accept()
	return sctpStream{conn}, err
}

func (t sctpTransport) dial(ctx context.Context) (stream, error) {
	conn, err := t.tcpTransport.dial(ctx)
	return sctpStream{conn}, err
}

// sctpStream hides that net's connection can be spliced, which would join
// messages. Each read returns one message at most and each write sends one, so
// messages of up to 32 KiB, io.Copy's buffer, stay whole. Stream numbers and
// payload protocol identifiers are not carried.
type sctpStream struct{ stream }
