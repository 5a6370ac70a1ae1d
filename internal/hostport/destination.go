package hostport

import (
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// askDestination makes the kernel say with each datagram which address of the
// host it was sent to (ip(7) IP_PKTINFO, RFC 3542 section 6).
func askDestination(fd int, host netip.Addr) error {
	if host.Is4() {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
}

// destination returns the address that a datagram was sent to, and the control
// message that makes an answer leave from there: a client takes none from
// elsewhere.
func destination(control []byte, is4 bool) (netip.Addr, []byte) {
	if is4 {
		return destinationIPv4(control)
	}
	return destinationIPv6(control)
}

func destinationIPv4(control []byte) (netip.Addr, []byte) {
	var received ipv4.ControlMessage
	if err := received.Parse(control); err != nil {
		return netip.Addr{}, nil
	}
	address, _ := netip.AddrFromSlice(received.Dst.To4())
	answer := ipv4.ControlMessage{Src: received.Dst}
	return address, answer.Marshal()
}

func destinationIPv6(control []byte) (netip.Addr, []byte) {
	var received ipv6.ControlMessage
	if err := received.Parse(control); err != nil {
		return netip.Addr{}, nil
	}
	address, _ := netip.AddrFromSlice(received.Dst)
	answer := ipv6.ControlMessage{Src: received.Dst}
	if address.IsLinkLocalUnicast() {
		answer.IfIndex = received.IfIndex // the address is of that link only
	}
	return address, answer.Marshal()
}
