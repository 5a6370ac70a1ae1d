package main

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// echo sends ICMP echo requests to one address and receives the replies.
type echo struct {
	connection *icmp.PacketConn
	address    net.Addr
	// identifier tells the replies from those to other programs: a raw socket
	// receives them all. It is random, as programs in different process
	// namespaces may have the same process id.
	identifier int
	request    icmp.Type
	reply      icmp.Type
	protocol   int
}

func newEcho(address netip.Addr) (*echo, error) {
	e := &echo{
		address:    &net.IPAddr{IP: address.AsSlice(), Zone: address.Zone()},
		identifier: rand.IntN(1 << 16),
		request:    ipv4.ICMPTypeEcho,
		reply:      ipv4.ICMPTypeEchoReply,
		protocol:   1,
	}
	network, everywhere := "ip4:icmp", "0.0.0.0"
	if address.Is6() {
		network, everywhere = "ip6:ipv6-icmp", "::"
		e.request, e.reply, e.protocol = ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58
	}
	connection, err := icmp.ListenPacket(network, everywhere)
	if err != nil {
		return nil, err
	}
	e.connection = connection
	return e, nil
}

func (e *echo) close() {
	e.connection.Close()
}

// send sends the request with this number. The number travels in the payload,
// as the sequence number of the protocol is too short for a long watch.
func (e *echo) send(number uint64) error {
	message := icmp.Message{
		Type: e.request,
		Body: &icmp.Echo{
			ID:   e.identifier,
			Seq:  int(number & 0xffff),
			Data: binary.BigEndian.AppendUint64(nil, number),
		},
	}
	packet, err := message.Marshal(nil)
	if err != nil {
		return err
	}
	_, err = e.connection.WriteTo(packet, e.address)
	return err
}

// receive waits until the deadline for a reply and returns its number and who
// sent it.
func (e *echo) receive(deadline time.Time) (uint64, net.Addr, error) {
	if err := e.connection.SetReadDeadline(deadline); err != nil {
		return 0, nil, err
	}
	buffer := make([]byte, 1500)
	for {
		length, from, err := e.connection.ReadFrom(buffer)
		if err != nil {
			return 0, nil, err
		}
		number, ours := e.parse(buffer[:length])
		if ours {
			return number, from, nil
		}
	}
}

// parse returns the number of a reply, and whether it is a reply to us at all.
func (e *echo) parse(packet []byte) (uint64, bool) {
	message, err := icmp.ParseMessage(e.protocol, packet)
	if err != nil || message.Type != e.reply {
		return 0, false
	}
	body, isEcho := message.Body.(*icmp.Echo)
	if !isEcho || body.ID != e.identifier || len(body.Data) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(body.Data), true
}
