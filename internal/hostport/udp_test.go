package hostport

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// echoServer is a container's UDP server.
type echoServer struct {
	address netip.AddrPort
	// clients and datagrams are how many it has seen.
	clients, datagrams atomic.Int64
}

func echo(t *testing.T, at netip.AddrPort) *echoServer {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	must(t, err)
	server := &echoServer{address: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.run(conn)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return server
}

func (s *echoServer) run(conn *net.UDPConn) {
	var clients []netip.AddrPort
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		s.datagrams.Add(1)
		if !slices.Contains(clients, from) {
			clients = append(clients, from)
			s.clients.Add(1)
		}
		conn.WriteToUDPAddrPort(buffer[:n], from)
	}
}

func dialUDP(t *testing.T, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// wantEcho sends over a connected socket, which takes answers only from where it
// sends to.
func wantEcho(t *testing.T, conn *net.UDPConn, text string) {
	t.Helper()
	_, err := conn.Write([]byte(text))
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	buffer := make([]byte, 1<<16)
	n, err := conn.Read(buffer)
	must(t, err)
	if string(buffer[:n]) != text {
		t.Errorf("%s answers %.20q, want %.20q", conn.RemoteAddr(), buffer[:n], text)
	}
}

func TestUDPAnswersComeFromTheAddressThatWasAsked(t *testing.T) {
	another := netip.MustParseAddr("127.0.0.5")
	for _, way := range []struct{ host, asked, container netip.Addr }{
		{loopback4, loopback4, loopback4},
		{any4, loopback4, loopback4},
		{any4, another, loopback4},
		{another, another, loopback4},
		{any6, loopback6, loopback6},
		{loopback6, loopback6, loopback4},
		{any4, another, loopback6},
	} {
		container := echo(t, netip.AddrPortFrom(way.container, 0))
		at := hold(t, open(t), UDP, container.address, way.host)
		conn := dialUDP(t, netip.AddrPortFrom(way.asked, at.Port()))
		wantEcho(t, conn, "hello")
		wantEcho(t, conn, "")
		wantEcho(t, conn, string(large[:65507])) // the most that IPv4 can
	}
}

// TestUDPAnswersOneClientFromEachAddress asks two addresses from one socket.
func TestUDPAnswersOneClientFromEachAddress(t *testing.T) {
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	port := hold(t, open(t), UDP, container.address, any4).Port()
	conn, err := net.ListenUDP("udp4", nil)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for _, asked := range []string{"127.0.0.5", "127.0.0.6", "127.0.0.5"} {
		to := netip.AddrPortFrom(netip.MustParseAddr(asked), port)
		_, err := conn.WriteToUDPAddrPort([]byte(asked), to)
		must(t, err)
		buffer := make([]byte, 100)
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		must(t, err)
		if from.Addr().Unmap() != to.Addr() || string(buffer[:n]) != asked {
			t.Errorf("asked %s, %s answers %q", to, from, buffer[:n])
		}
	}
}

func TestUDPContainerTellsClientsApart(t *testing.T) {
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	at := hold(t, open(t), UDP, container.address, loopback4)
	first, second := dialUDP(t, at), dialUDP(t, at)
	for range 3 {
		wantEcho(t, first, "first")
		wantEcho(t, second, "second")
	}
	if container.clients.Load() != 2 {
		t.Errorf("the container sees %d clients, want 2", container.clients.Load())
	}
}

// TestUDPContainerThatListensLater has the container refuse datagrams at first.
func TestUDPContainerThatListensLater(t *testing.T) {
	container := netip.AddrPortFrom(loopback4, freePorts(t, 1))
	conn := dialUDP(t, hold(t, open(t), UDP, container, loopback4))
	for range 10 {
		_, err := conn.Write([]byte("too early"))
		must(t, err)
		time.Sleep(time.Millisecond) // for the refusal to come back
	}
	echo(t, container)
	// What was sent early may still arrive.
	eventually(t, "the container answers", func() bool {
		_, err := conn.Write([]byte("hello"))
		must(t, err)
		must(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		buffer := make([]byte, 100)
		n, _ := conn.Read(buffer)
		return string(buffer[:n]) == "hello"
	})
}

func TestUDPForgetsIdleClients(t *testing.T) {
	h := open(t)
	h.clientIdle = 20 * time.Millisecond
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	conn := dialUDP(t, hold(t, h, UDP, container.address, loopback4))
	eventually(t, "a client that was idle is a new one to the container", func() bool {
		wantEcho(t, conn, "hello")
		time.Sleep(2 * h.clientIdle)
		return container.clients.Load() > 1
	})
}

// TestUDPRemembersAClientHeardOfMeanwhile has a datagram of the client come after
// its time was over, and before it was forgotten.
func TestUDPRemembersAClientHeardOfMeanwhile(t *testing.T) {
	conn := dialUDP(t, nowhere)
	d := &datagrams{idle: time.Hour}
	c := &client{conn: conn}
	must(t, d.keep(c))
	if d.forget(c) {
		t.Error("the client was forgotten")
	}
	if _, err := conn.Write(nil); errors.Is(err, net.ErrClosed) {
		t.Error("the client was closed")
	}
}

func TestUDPDropsClientsBeyondTheLimit(t *testing.T) {
	h := open(t)
	h.clientLimit = 2
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	at := hold(t, h, UDP, container.address, loopback4)
	first, second, third := dialUDP(t, at), dialUDP(t, at), dialUDP(t, at)
	wantEcho(t, first, "hello")
	wantEcho(t, second, "hello")
	_, err := third.Write([]byte("hello"))
	must(t, err)
	// The port takes datagrams in their order, so the third's is done with then.
	wantEcho(t, first, "hello again")
	wantEcho(t, second, "hello again")
	if n := container.clients.Load(); n != 2 {
		t.Errorf("the container sees %d clients, want 2", n)
	}
}

// TestUDPReleaseEndsClients also frees the port while clients are remembered.
func TestUDPReleaseEndsClients(t *testing.T) {
	h := open(t)
	container := echo(t, netip.AddrPortFrom(loopback4, 0))
	at := hold(t, h, UDP, container.address, loopback4)
	before := runtime.NumGoroutine()
	for range 10 {
		wantEcho(t, dialUDP(t, at), "hello")
	}
	h.Release("owner")
	wantFree(t, UDP, at)
	eventually(t, "the clients' goroutines end", func() bool { return runtime.NumGoroutine() < before })
}
