// Package hostport holds the host ports that containers publish: it binds a
// socket for each, so that nobody else gets it and a conflict shows at once, and
// it carries what reaches such a socket to the container. That is what the packet
// filter cannot forward: connections to the host's loopback and link-local
// addresses, and those of one address family to a container that has only the
// other. All else is forwarded by the packet filter before it reaches a socket.
//
// It touches nothing but sockets of its own process.
package hostport

import (
	"fmt"
	"net/netip"
)

// Protocol is a transport protocol by its number (IANA protocol numbers).
type Protocol uint8

// The protocols whose ports can be published.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

var protocolNames = map[Protocol]string{TCP: "tcp", UDP: "udp", SCTP: "sctp"}

// Protocols are all protocols, in the order of their numbers.
func Protocols() []Protocol { return []Protocol{TCP, UDP, SCTP} }

// String is the protocol's name in small letters.
func (p Protocol) String() string {
	if name, ok := protocolNames[p]; ok {
		return name
	}
	return fmt.Sprintf("protocol %d", uint8(p))
}

// MarshalText is the protocol's name.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a protocol's name.
func (p *Protocol) UnmarshalText(text []byte) error {
	for _, known := range Protocols() {
		if known.String() == string(text) {
			*p = known
			return nil
		}
	}
	return fmt.Errorf("protocol %q is not known: allowed are tcp, udp and sctp", text)
}

// Mapping is a host port with the container's port behind it.
type Mapping struct {
	Protocol Protocol `json:"protocol"`
	// Host is where the port is reached. An unspecified address stands for all
	// of the host's addresses of its family. The zero value stands for no host
	// port: the container's own address is reached directly.
	Host netip.AddrPort `json:"host"`
	// Container is the container's own address and port.
	Container netip.AddrPort `json:"container"`
}

// String is the mapping as docker port prints it: 80/tcp -> 0.0.0.0:8080.
func (m Mapping) String() string {
	if !m.Host.IsValid() {
		return fmt.Sprintf("%d/%s at %s", m.Container.Port(), m.Protocol, m.Container.Addr())
	}
	return fmt.Sprintf("%d/%s -> %s", m.Container.Port(), m.Protocol, m.Host)
}

// Target is where one host address leads.
type Target struct {
	// Host may be unspecified, for all addresses of its family.
	Host      netip.Addr
	Container netip.AddrPort
}

// Request asks for one host port on each of several host addresses.
type Request struct {
	Protocol Protocol
	// Targets all get the same host port.
	Targets []Target
	// First and Last are the range from which the lowest free port is taken; both
	// 0 for any of the kernel's ephemeral ports.
	First, Last uint16
}

// ephemeralTries is how often the kernel is asked for a port: the one it chooses
// on the first address may be taken on another.
const ephemeralTries = 10

// ports are those to try, in their order; 0 stands for the kernel's choice.
func (r Request) ports() []uint16 {
	if r.First == 0 {
		return make([]uint16, ephemeralTries)
	}
	var ports []uint16
	for port := int(r.First); port <= int(r.Last); port++ {
		ports = append(ports, uint16(port))
	}
	return ports
}
