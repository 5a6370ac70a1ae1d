package hostport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"
)

const (
	// clientIdle is how long a client is remembered that sends and gets nothing.
	clientIdle = 90 * time.Second
	// clientLimit is how many clients one port remembers at a time. Each has a
	// socket.
	clientLimit = 4096
)

// datagrams carries the datagrams of one host port.
type datagrams struct {
	conn      *net.UDPConn
	container netip.AddrPort
	idle      time.Duration
	limit     int
	files     *semaphore.Weighted
	log       logrus.FieldLogger
	running   sync.WaitGroup
	full      sync.Once

	mu      sync.Mutex
	clients map[flow]*client
}

// flow is what an answer must show again: the client that asked, and the
// address of the host that it sent to.
type flow struct {
	client netip.AddrPort
	host   netip.Addr
}

// listenUDP holds a UDP port.
func (h *Holder) listenUDP(m Mapping) (held, error) {
	network := "udp6" // with IPV6_V6ONLY
	if m.Host.Addr().Is4() {
		network = "udp4"
	}
	config := net.ListenConfig{Control: control(func(fd int) error {
		return errors.Join(keepLocal(fd, m.Host.Addr()), askDestination(fd, m.Host.Addr()))
	})}
	listener, err := config.ListenPacket(context.Background(), network, m.Host.String())
	if err != nil {
		return held{}, err
	}
	conn := listener.(*net.UDPConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		return held{}, errors.Join(err, conn.Close())
	}
	m.Host = netip.AddrPortFrom(m.Host.Addr(), conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	d := &datagrams{
		conn: conn, container: m.Container,
		idle: h.clientIdle, limit: h.clientLimit, files: h.files, clients: map[flow]*client{},
		log: h.log.WithField("port", m.String()),
	}
	d.running.Go(func() { d.receive(raw) })
	return held{Mapping: m, release: d.release}, nil
}

func (d *datagrams) release() {
	if err := d.conn.Close(); err != nil {
		d.log.WithError(err).Warn("closing a host port's socket failed")
	}
	d.closeClients() // a write to a container that is gone may hang in one
	d.running.Wait()
}

// receive passes on what clients send until the socket is closed. Only it adds
// clients, so none is open when it returns.
func (d *datagrams) receive(raw syscall.RawConn) {
	defer d.closeClients()
	for waitReadable(raw) == nil {
		withBuffer(d.passOn)
	}
}

func (d *datagrams) passOn(b *buffer) {
	n, control, _, from, err := d.conn.ReadMsgUDPAddrPort(b.data[:], b.control[:])
	if err != nil {
		return
	}
	c, err := d.client(from, b.control[:control])
	if err != nil {
		d.log.WithError(err).WithField("client", from).Debug("datagram to a host port dropped")
		return
	}
	_, err = c.conn.Write(b.data[:n])
	if errors.Is(err, unix.ECONNREFUSED) {
		// What was refused is an earlier one; this one was not sent.
		_, _ = c.conn.Write(b.data[:n])
	}
}

// waitReadable waits until the socket has something to read, so that a port or
// client without traffic needs no buffer.
func waitReadable(raw syscall.RawConn) error {
	return raw.Read(func(fd uintptr) bool {
		sockets := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		ready, err := unix.Poll(sockets, 0)
		return ready > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
}

// buffer takes any datagram, and the control messages asked for.
type buffer struct {
	data    [65535]byte
	control [128]byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func withBuffer(use func(*buffer)) {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	use(b)
}
