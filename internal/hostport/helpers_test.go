package hostport

import (
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

var (
	loopback4 = netip.MustParseAddr("127.0.0.1")
	loopback6 = netip.IPv6Loopback()
	any4      = netip.IPv4Unspecified()
	any6      = netip.IPv6Unspecified()
	// nowhere is a container's address on which nobody listens.
	nowhere = netip.MustParseAddrPort("127.0.0.1:1")
)

// open returns a holder, which is closed with the test and must leave no
// goroutine then.
func open(t *testing.T) *Holder {
	t.Helper()
	before := runtime.NumGoroutine()
	log := logrus.New()
	log.SetOutput(io.Discard)
	h := NewHolder(log)
	t.Cleanup(func() {
		h.Close()
		eventually(t, "the holder's goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	})
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what no event tells of. The time only bounds a failure.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Fatalf("not within 10 s: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
}

func request(protocol Protocol, container netip.AddrPort, first, last uint16, hosts ...netip.Addr) Request {
	r := Request{Protocol: protocol, First: first, Last: last}
	for _, host := range hosts {
		r.Targets = append(r.Targets, Target{Host: host, Container: container})
	}
	return r
}

// hold holds one port that the kernel chooses and returns where it is reached.
func hold(t *testing.T, h *Holder, protocol Protocol, container netip.AddrPort, host netip.Addr) netip.AddrPort {
	t.Helper()
	mappings, err := h.Hold("owner", []Request{request(protocol, container, 0, 0, host)})
	must(t, err)
	return mappings[0].Host
}

// freePorts returns the first of n ports in a row that nobody has on any address
// of either family, outside of the range that the kernel gives to others
// meanwhile.
func freePorts(t *testing.T, n int) uint16 {
	t.Helper()
	for range 100 {
		first := 10000 + rand.IntN(20000)
		if allFree(first, n) {
			return uint16(first)
		}
	}
	t.Fatalf("found no %d free ports in a row", n)
	return 0
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		for _, protocol := range []Protocol{TCP, UDP} {
			release, err := occupy(protocol, netip.AddrPortFrom(any6, uint16(port)))
			if err != nil {
				return false
			}
			release()
		}
	}
	return true
}

// occupy binds as another process does; an unspecified IPv6 address stands for
// both families.
func occupy(protocol Protocol, at netip.AddrPort) (release func(), err error) {
	if protocol == UDP {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		return func() { conn.Close() }, err
	}
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	return func() { listener.Close() }, err
}

// wantFree fails unless anybody can bind the port now.
func wantFree(t *testing.T, protocol Protocol, at netip.AddrPort) {
	t.Helper()
	release, err := occupy(protocol, at)
	if err != nil {
		t.Fatalf("port %s/%s is not free: %v", at, protocol, err)
	}
	release()
}

// wantTaken fails if another process could bind the port.
func wantTaken(t *testing.T, protocol Protocol, at netip.AddrPort) {
	t.Helper()
	release, err := occupy(protocol, at)
	if err == nil {
		release()
		t.Fatalf("port %s/%s can be bound by others", at, protocol)
	}
}
