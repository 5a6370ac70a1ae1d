package hostport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// neighbour gives the test's namespace a neighbour on the LAN, 192.0.2.2, whose
// packets to 127.0.0.1 the host lets in, and moves the calling goroutine there.
func neighbour(t *testing.T) {
	t.Helper()
	host := thisNamespace(t)
	must(t, unix.Unshare(unix.CLONE_NEWNET))
	lan := thisNamespace(t)
	run := func(command ...string) { kernel.Run(t, command[0], command[1:]...) }

	must(t, unix.Setns(int(host.Fd()), unix.CLONE_NEWNET))
	run("ip", "link", "add", "lan", "type", "veth", "peer", "name", "up0",
		"netns", fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), lan.Fd()))
	run("ip", "address", "add", "192.0.2.1/24", "dev", "lan")
	run("ip", "link", "set", "lan", "up")
	run("sysctl", "-qw", "net.ipv4.conf.lan.route_localnet=1")

	must(t, unix.Setns(int(lan.Fd()), unix.CLONE_NEWNET))
	run("ip", "address", "add", "192.0.2.2/24", "dev", "up0")
	run("ip", "link", "set", "up0", "up")
	run("sysctl", "-qw", "net.ipv4.conf.up0.route_localnet=1")
	run("ip", "route", "add", "127.0.0.1", "via", "192.0.2.1")
}

// thisNamespace is the network namespace of the calling goroutine.
func thisNamespace(t *testing.T) *os.File {
	t.Helper()
	namespace, err := os.Open("/proc/thread-self/ns/net")
	must(t, err)
	t.Cleanup(func() { namespace.Close() })
	return namespace
}

// TestLoopbackPortIsNotReachedFromOutside has a host that lets packets from
// outside to 127.0.0.1 in.
func TestLoopbackPortIsNotReachedFromOutside(t *testing.T) {
	kernel.Namespace(t)
	h := open(t)
	tcp, udp := hold(t, h, TCP, nowhere, loopback4), hold(t, h, UDP, nowhere, loopback4)
	wantTaken(t, TCP, netip.AddrPortFrom(any4, tcp.Port()))
	wantTaken(t, UDP, netip.AddrPortFrom(any4, udp.Port()))
	ordinary, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	defer ordinary.Close()
	dial(t, ordinary.Addr().(*net.TCPAddr).AddrPort())
	if conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(tcp)); errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connecting from the host itself: %v", err)
	} else if err == nil {
		conn.Close()
	}
	neighbour(t)

	dial(t, ordinary.Addr().(*net.TCPAddr).AddrPort())
	if conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(tcp)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connecting from outside: got %v (%v), want a refusal", conn, err)
	}
	conn := dialUDP(t, udp)
	_, err = conn.Write([]byte("hello"))
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	if _, err := conn.Read(make([]byte, 100)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("sending from outside: got %v, want a refusal", err)
	}
}
