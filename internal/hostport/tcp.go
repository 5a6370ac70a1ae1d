package hostport

import (
	"context"
	"net"
	"net/netip"
)

// listenTCP holds a TCP port.
func (h *Holder) listenTCP(m Mapping) (held, error) {
	listener, err := listen(m.Host, func(fd int) error { return keepLocal(fd, m.Host.Addr()) })
	if err != nil {
		return held{}, err
	}
	m.Host = netip.AddrPortFrom(m.Host.Addr(), boundPort(listener))
	return h.carryStreams(m, tcpTransport{listener: listener, container: m.Container}), nil
}

// listen binds a socket, for which set may set options before, and listens.
func listen(host netip.AddrPort, set func(fd int) error) (*net.TCPListener, error) {
	network := "tcp6" // with IPV6_V6ONLY
	if host.Addr().Is4() {
		network = "tcp4"
	}
	config := net.ListenConfig{Control: control(set)}
	// What a host sends to itself takes no second path, and a listener for
	// several is two sockets in the kernel.
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), network, host.String())
	if err != nil {
		return nil, err
	}
	return listener.(*net.TCPListener), nil
}

func boundPort(listener *net.TCPListener) uint16 {
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

type tcpTransport struct {
	listener  *net.TCPListener
	dialer    net.Dialer
	container netip.AddrPort
}

func (t tcpTransport) accept() (stream, error) { return t.listener.AcceptTCP() }

func (t tcpTransport) dial(ctx context.Context) (stream, error) {
	return t.dialer.DialTCP(ctx, "tcp", netip.AddrPort{}, t.container)
}

func (t tcpTransport) close() error { return t.listener.Close() }
