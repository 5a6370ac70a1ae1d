package hostport

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

var (
	errFull    = errors.New("port has as many clients as it may have")
	errNoFiles = errors.New("all ports together have as many clients as they may have")
)

// client is a client of a UDP port.
type client struct {
	flow flow
	// control makes an answer leave from the address that the client sent to.
	control []byte
	// conn is connected to the container, which so tells clients apart.
	conn *net.UDPConn
	// expires is when the client is forgotten, guarded by datagrams.mu.
	expires time.Time
}

// client returns the client that sent a datagram with these control messages.
func (d *datagrams) client(from netip.AddrPort, control []byte) (*client, error) {
	host, answer := destination(control, from.Addr().Is4())
	f := flow{from, host}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.clients[f]; ok {
		return known, d.keep(known)
	}
	if len(d.clients) >= d.limit {
		d.full.Do(func() { d.log.WithField("limit", d.limit).Warn("host port hears no more clients") })
		return nil, errFull
	}
	if !d.files.TryAcquire(filesOfClient) {
		return nil, errNoFiles
	}
	conn, raw, err := d.dial()
	if err != nil {
		d.files.Release(filesOfClient)
		return nil, err
	}
	c := &client{flow: f, control: answer, conn: conn}
	d.clients[f] = c
	d.running.Go(func() {
		defer d.files.Release(filesOfClient)
		d.answer(c, raw)
	})
	return c, d.keep(c)
}

// dial connects to the container.
func (d *datagrams) dial() (*net.UDPConn, syscall.RawConn, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(d.container))
	if err != nil {
		return nil, nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, raw, nil
}

// keep puts off when the client is forgotten. The caller holds mu.
func (d *datagrams) keep(c *client) error {
	c.expires = time.Now().Add(d.idle)
	return c.conn.SetReadDeadline(c.expires)
}

// answer passes on what the container sends to the client until that is idle, or
// its socket closed.
func (d *datagrams) answer(c *client, raw syscall.RawConn) {
	for {
		err := waitReadable(raw)
		if err == nil {
			withBuffer(func(b *buffer) { d.passBack(c, b) })
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || d.forget(c) {
			return
		}
	}
}

// passBack passes one datagram on. An error is one that an ICMP message told of,
// such as a port on which the container does not listen yet, and is over with
// having been read.
func (d *datagrams) passBack(c *client, b *buffer) {
	n, err := c.conn.Read(b.data[:])
	if err != nil {
		return
	}
	d.mu.Lock()
	_ = d.keep(c) // fails only when the socket is closed, which ends the client
	d.mu.Unlock()
	if _, _, err := d.conn.WriteMsgUDPAddrPort(b.data[:n], c.control, c.flow.client); err != nil {
		d.log.WithError(err).WithField("client", c.flow.client).Debug("answer of a host port dropped")
	}
}

// forget closes the client, unless it was heard of since its time was over.
func (d *datagrams) forget(c *client) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(c.expires) {
		return false
	}
	delete(d.clients, c.flow)
	_ = c.conn.Close()
	return true
}

func (d *datagrams) closeClients() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.clients {
		_ = c.conn.Close()
	}
}
