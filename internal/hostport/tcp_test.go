package hostport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// serve runs a container's TCP server, which handles each connection and closes
// it, on an address of the family of host.
func serve(t *testing.T, host netip.Addr, handle func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func dial(t *testing.T, to netip.AddrPort) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(to))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// large is more than the sockets on the way can buffer.
var large = bytes.Repeat([]byte("mybridge"), 1<<20)

func TestTCPAnswerAfterTheClientEnded(t *testing.T) {
	for _, way := range []struct{ host, container netip.Addr }{
		{loopback4, loopback4}, {loopback6, loopback6}, {loopback6, loopback4}, {loopback4, loopback6},
		{netip.MustParseAddr("127.0.0.7"), loopback4},
	} {
		container := serve(t, way.container, func(conn *net.TCPConn) {
			question, _ := io.ReadAll(conn)
			conn.Write(append([]byte("answer to "), question...))
		})
		client := dial(t, hold(t, open(t), TCP, container, way.host))
		_, err := client.Write(large)
		must(t, err)
		must(t, client.CloseWrite())
		got, err := io.ReadAll(client)
		must(t, err)
		if want := append([]byte("answer to "), large...); !bytes.Equal(got, want) {
			t.Errorf("%v: got %d bytes, want %d", way, len(got), len(want))
		}
	}
}

func TestTCPClientGoesOnAfterTheContainerEnded(t *testing.T) {
	got := make(chan []byte, 1)
	container := serve(t, loopback4, func(conn *net.TCPConn) {
		conn.Write([]byte("that is all"))
		conn.CloseWrite()
		rest, _ := io.ReadAll(conn)
		got <- rest
	})
	client := dial(t, hold(t, open(t), TCP, container, loopback4))
	answer, err := io.ReadAll(client)
	must(t, err)
	_, err = client.Write(large)
	must(t, err)
	must(t, client.Close())
	if string(answer) != "that is all" {
		t.Errorf("client got %q", answer)
	}
	if rest := <-got; !bytes.Equal(rest, large) {
		t.Errorf("container got %d bytes, want %d", len(rest), len(large))
	}
}

func TestTCPResetDoesNotLookLikeTheEnd(t *testing.T) {
	container := serve(t, loopback4, func(conn *net.TCPConn) {
		io.ReadFull(conn, make([]byte, 5))
		conn.SetLinger(0)
	})
	client := dial(t, hold(t, open(t), TCP, container, loopback4))
	_, err := client.Write([]byte("hello"))
	must(t, err)
	if _, err := io.ReadAll(client); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestTCPContainerThatDoesNotListen(t *testing.T) {
	at := hold(t, open(t), TCP, nowhere, loopback4)
	client, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(at))
	if err == nil {
		defer client.Close()
		_, err = io.ReadAll(client)
	}
	if !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestReleaseEndsConnectionsAndFreesThePortAtOnce(t *testing.T) {
	ended := make(chan struct{})
	container := serve(t, loopback4, func(conn *net.TCPConn) {
		conn.Write([]byte("hello"))
		io.Copy(io.Discard, conn)
		ended <- struct{}{}
	})
	h := open(t)
	at := hold(t, h, TCP, container, loopback4)
	for range 3 {
		client := dial(t, at)
		_, err := io.ReadFull(client, make([]byte, 5))
		must(t, err)
		h.Release("owner")
		<-ended
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Error("the connection outlived its port")
		}
		// The closed connection keeps the port in TIME_WAIT or FIN_WAIT2.
		must(t, h.Resume("owner", []Mapping{{TCP, at, container}}))
	}
}

// TestReleaseEndsHalfClosedConnections has one side end before.
func TestReleaseEndsHalfClosedConnections(t *testing.T) {
	got, ended := make(chan struct{}), make(chan struct{})
	container := serve(t, loopback4, func(conn *net.TCPConn) {
		io.Copy(io.Discard, conn)
		got <- struct{}{}
		<-ended
	})
	h := open(t)
	client := dial(t, hold(t, h, TCP, container, loopback4))
	must(t, client.CloseWrite())
	<-got
	h.Release("owner")
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the client's connection outlived its port")
	}
	close(ended)

	container = serve(t, loopback4, func(conn *net.TCPConn) {
		conn.CloseWrite()
		io.Copy(io.Discard, conn)
		got <- struct{}{}
	})
	client = dial(t, hold(t, h, TCP, container, loopback4))
	_, err := io.ReadAll(client)
	must(t, err)
	h.Release("owner")
	<-got
}
