package hostport

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"golang.org/x/sync/semaphore"
)

// TestConnectionsWaitForFiles gives all ports together the files of one connection,
// and wants a second, through another port, to be carried when the first has ended.
func TestConnectionsWaitForFiles(t *testing.T) {
	h := open(t)
	h.files = semaphore.NewWeighted(filesOfConnection)
	container := serve(t, loopback4, func(conn *net.TCPConn) { io.Copy(conn, conn) })
	first := dial(t, hold(t, h, TCP, container, loopback4))
	wantTCPEcho(t, first)
	second := dial(t, hold(t, h, TCP, container, loopback4))
	eventually(t, "the second is accepted and waits", func() bool { return !h.files.TryAcquire(0) })
	must(t, first.Close())
	wantTCPEcho(t, second)
	must(t, second.Close())
}

func wantTCPEcho(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err := io.WriteString(conn, "hello")
	must(t, err)
	_, err = io.ReadFull(conn, make([]byte, len("hello")))
	must(t, err)
}

// TestReleaseEndsWhoWaitsForFiles wants a port to be free again although a
// connection to it waits.
func TestReleaseEndsWhoWaitsForFiles(t *testing.T) {
	h := open(t)
	h.files = semaphore.NewWeighted(0)
	at := hold(t, h, TCP, nowhere, loopback4)
	dial(t, at)
	h.Release("owner")
	wantFree(t, TCP, at)
}

// TestUDPClientsNeedFiles wants a client to be dropped while others have all files,
// and heard afterwards.
func TestUDPClientsNeedFiles(t *testing.T) {
	h := open(t)
	h.files = semaphore.NewWeighted(filesOfClient)
	log, logged := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	h.log = log
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	first := dialUDP(t, hold(t, h, UDP, container.address, loopback4))
	wantEcho(t, first, "hello")
	mappings, err := h.Hold("other", []Request{request(UDP, container.address, 0, 0, loopback4)})
	must(t, err)
	second := dialUDP(t, mappings[0].Host)
	_, err = second.Write([]byte("lost"))
	must(t, err)
	eventually(t, "the second is dropped", func() bool { return len(logged.AllEntries()) > 0 })
	h.Release("owner")
	wantEcho(t, second, "hello")
}
