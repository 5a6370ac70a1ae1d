package fault

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// machine is a network namespace in which sockets can be opened from here.
type machine struct {
	*kernel.Machine
	jobs chan func()
}

func newMachine(t *testing.T, name string) *machine {
	t.Helper()
	m := &machine{kernel.NewMachine(t, name), make(chan func())}
	t.Cleanup(func() { close(m.jobs) })
	entered := make(chan error)
	go func() {
		// Never unlocked, so the thread ends with its goroutine.
		runtime.LockOSThread()
		entered <- m.enter()
		for job := range m.jobs {
			job()
		}
	}()
	if err := <-entered; err != nil {
		t.Fatalf("entering the namespace of %s: %v", name, err)
	}
	return m
}

func (m *machine) enter() error {
	namespace, err := os.Open("/proc/" + m.Pid() + "/ns/net")
	if err != nil {
		return err
	}
	defer namespace.Close()
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}

// inside runs do in the machine's namespace. A socket stays in the namespace that
// it was opened in.
func (m *machine) inside(do func()) {
	done := make(chan struct{})
	m.jobs <- func() {
		defer close(done)
		do()
	}
	<-done
}

// echo answers everybody who connects to TCP port 80 with what they send.
func (m *machine) echo(t *testing.T) {
	t.Helper()
	m.inside(func() {
		listener, err := net.Listen("tcp", ":80")
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer connection.Close()
					_, _ = io.Copy(connection, connection)
				}()
			}
		}()
	})
}

// dial connects to who echoes, and checks that he does.
func (m *machine) dial(address string) (connection net.Conn, err error) {
	m.inside(func() {
		ctx, cancel := context.WithTimeout(context.Background(), longestWait)
		defer cancel()
		connection, err = new(net.Dialer).DialContext(ctx, "tcp", address)
	})
	if err != nil {
		return nil, fmt.Errorf("from %s: %w", m.Name, err)
	}
	if err := exchange(connection); err != nil {
		connection.Close()
		return nil, fmt.Errorf("from %s to %s: %w", m.Name, address, err)
	}
	return connection, nil
}

func exchange(connection net.Conn) error {
	if err := connection.SetDeadline(time.Now().Add(longestWait)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(connection, "hello"); err != nil {
		return err
	}
	_, err := bufio.NewReader(connection).ReadString('\n')
	return err
}

// talk is a connection over which there is always something said.
type talk struct {
	name string
	// said counts exchanges.
	said   atomic.Int64
	broken chan error
}

func (m *machine) talk(t *testing.T, name, address string) *talk {
	t.Helper()
	connection, err := m.dial(address)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	k := &talk{name: name, broken: make(chan error, 1)}
	t.Cleanup(func() { connection.Close() })
	go func() {
		for {
			if err := exchange(connection); err != nil {
				k.broken <- err
				return
			}
			k.said.Add(1)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return k
}

// goesOn waits until something was said that was not begun before.
func (k *talk) goesOn() error {
	until := k.said.Load() + 2
	for k.said.Load() < until {
		select {
		case err := <-k.broken:
			k.broken <- err
			return fmt.Errorf("%s is broken off: %w", k.name, err)
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}
