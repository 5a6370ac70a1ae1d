package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// clients is how many connect at the same time. Each waits for the server, so
// that there are enough of them to keep all processors busy.
const clients = 8

// server is the container's. It resets each connection, so that neither side
// remembers it and the same ports can be used again.
type server struct {
	listener net.Listener
	done     chan error
}

func (w *world) serve(ctx context.Context) (*server, error) {
	s := &server{done: make(chan error, 1)}
	err := w.container.do(func() (err error) {
		// Keep-alives would be three more system calls a connection.
		s.listener, err = (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp4", service.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	go func() { s.done <- s.answer() }()
	return s, nil
}

func (s *server) answer() error {
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

func (s *server) close() error {
	return errors.Join(s.listener.Close(), <-s.done)
}

// rate is how many connections a second the neighbour's clients together get.
func (w *world) rate(duration time.Duration) (float64, error) {
	var group sync.WaitGroup
	rates, failures := make([]float64, clients), make([]error, clients)
	for i := range clients {
		group.Go(func() {
			failures[i] = w.neighbour.do(func() error {
				return w.connectAgain(duration, &rates[i])
			})
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
func (w *world) connectAgain(duration time.Duration, rate *float64) error {
	done, begun := 0, time.Now()
	for time.Since(begun) < duration {
		if err := w.connectOnce(); err != nil {
			return fmt.Errorf("connecting to %s: %w", w.target, err)
		}
		done++
	}
	*rate = float64(done) / time.Since(begun).Seconds()
	return nil
}

// connectOnce connects and waits for the server's reset, which may come before the
// connection is seen. It blocks, as package net's way would cost more than the
// rules that are measured.
func (w *world) connectOnce() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	err = unix.Connect(socket, &unix.SockaddrInet4{Addr: w.target.Addr().As4(), Port: int(w.target.Port())})
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
