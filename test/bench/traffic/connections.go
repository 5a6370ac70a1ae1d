package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Clients is how many connect at the same time. Each waits for the server, so
// that there are enough of them to keep all processors busy.
const Clients = 8

// Server resets each connection, so that neither side remembers it and the same
// ports can be used again.
type Server struct {
	listener net.Listener
	done     chan error
}

// Serve listens on the TCP port of the namespace.
func Serve(ctx context.Context, n Namespace, port uint16) (*Server, error) {
	s := &Server{done: make(chan error, 1)}
	err := n.Do(func() (err error) {
		// Keep-alives would be three more system calls a connection.
		s.listener, err = (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp4", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		return nil, err
	}
	go func() { s.done <- s.answer() }()
	return s, nil
}

func (s *Server) answer() error {
	for {
		connection, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := errors.Join(connection.(*net.TCPConn).SetLinger(0), connection.Close()); err != nil {
			return err
		}
	}
}

// Close ends the server.
func (s *Server) Close() error {
	return errors.Join(s.listener.Close(), <-s.done)
}

// SetClientLimits lets the connections that a namespace opens be limited by nothing
// but the processor, and one that does not come about end the run soon (kernel:
// Documentation/networking/ip-sysctl.rst).
func SetClientLimits(n Namespace) error {
	return errors.Join(
		n.Set("ipv4/ip_local_port_range", "1024 65535"),
		n.Set("ipv4/tcp_syn_retries", "1"),
	)
}

// SetRouterLimits lets the connection table of a namespace forget what was reset, in
// a second (kernel: nf_conntrack-sysctl.rst).
func SetRouterLimits(n Namespace) error {
	return n.Set("netfilter/nf_conntrack_tcp_timeout_close", "1")
}

// Rate is how many connections a second to a [Server] the namespace's clients together
// get in that time.
func Rate(n Namespace, target netip.AddrPort, duration time.Duration) (float64, error) {
	var group sync.WaitGroup
	rates, failures := make([]float64, Clients), make([]error, Clients)
	for i := range Clients {
		group.Go(func() {
			failures[i] = n.Do(func() error { return connectAgain(target, duration, &rates[i]) })
		})
	}
	group.Wait()
	sum := 0.0
	for _, rate := range rates {
		sum += rate
	}
	return sum, errors.Join(failures...)
}

// connectAgain is one client, until the time is over.
func connectAgain(target netip.AddrPort, duration time.Duration, rate *float64) error {
	done, begun := 0, time.Now()
	for time.Since(begun) < duration {
		if err := Connect(target); err != nil {
			return fmt.Errorf("connecting to %s: %w", target, err)
		}
		done++
	}
	*rate = float64(done) / time.Since(begun).Seconds()
	return nil
}

// Connect connects in the calling thread's namespace and waits for the server's
// reset, which may come before the connection is seen. It blocks, as package net's
// way would cost more than the rules that are measured.
func Connect(target netip.AddrPort) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	err = unix.Connect(socket, &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())})
	if err == nil {
		_, err = unix.Read(socket, make([]byte, 1))
	}
	switch {
	case errors.Is(err, unix.ECONNRESET):
		return nil
	case err == nil:
		return errors.New("the connection was not reset: somebody else answers")
	}
	return err
}
