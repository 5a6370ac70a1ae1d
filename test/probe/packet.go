package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// arpReply says to a target that an address is at a MAC (RFC 826). The label
// follows the packet, as padding does.
func arpReply(arguments []string, label []byte) (uint16, []byte, error) {
	addresses, err := parseAddresses(arguments[0], arguments[2])
	if err != nil {
		return 0, nil, err
	}
	sender, err := net.ParseMAC(arguments[1])
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	const ethernet, reply = 1, 2
	packet := []byte{0, ethernet, 0x08, 0x00, 6, 4, 0, reply}
	packet = append(packet, sender...)
	packet = append(packet, addresses[0].AsSlice()...)
	packet = append(packet, make([]byte, len(sender))...)
	packet = append(packet, addresses[1].AsSlice()...)
	return unix.ETH_P_ARP, append(packet, label...), nil
}

// echoRequest is a ping of either family.
func echoRequest(arguments []string, label []byte) (uint16, []byte, error) {
	addresses, err := parseAddresses(arguments...)
	if err != nil {
		return 0, nil, err
	}
	source, destination := addresses[0], addresses[1]
	request := icmp.Message{Type: ipv6.ICMPTypeEchoRequest, Body: &icmp.Echo{Data: label}}
	if source.Is6() {
		return inIPv6(source, destination, request)
	}
	request.Type = ipv4.ICMPTypeEcho
	return inIPv4(source, destination, request)
}

// neighbourAdvertisement says, unasked, that a target address is at a MAC (RFC
// 4861, section 4.4). The label is in an option for experiments (RFC 4727).
func neighbourAdvertisement(arguments []string, label []byte) (uint16, []byte, error) {
	addresses, err := parseAddresses(arguments[:3]...)
	if err != nil {
		return 0, nil, err
	}
	mac, err := net.ParseMAC(arguments[3])
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	const override, targetLinkLayerAddress, experiment = 0x20, 2, 253
	body := append([]byte{override, 0, 0, 0}, addresses[2].AsSlice()...)
	body = append(body, targetLinkLayerAddress, 1)
	body = append(body, mac...)
	units := (2 + len(label) + 7) / 8 // an option's length is in units of 8 bytes
	option := append([]byte{experiment, byte(units)}, label...)
	body = append(body, append(option, make([]byte, units*8-len(option))...)...)
	return inIPv6(addresses[0], addresses[1], icmp.Message{
		Type: ipv6.ICMPTypeNeighborAdvertisement,
		Body: &icmp.RawBody{Data: body},
	})
}

func inIPv4(source, destination netip.Addr, message icmp.Message) (uint16, []byte, error) {
	payload, err := message.Marshal(nil)
	if err != nil {
		return 0, nil, err
	}
	header, err := (&ipv4.Header{
		Version:  ipv4.Version,
		Len:      ipv4.HeaderLen,
		TotalLen: ipv4.HeaderLen + len(payload),
		TTL:      64,
		Protocol: unix.IPPROTO_ICMP,
		Src:      source.AsSlice(),
		Dst:      destination.AsSlice(),
	}).Marshal()
	if err != nil {
		return 0, nil, err
	}
	binary.BigEndian.PutUint16(header[10:], checksum(header))
	return unix.ETH_P_IP, append(header, payload...), nil
}

func inIPv6(source, destination netip.Addr, message icmp.Message) (uint16, []byte, error) {
	payload, err := message.Marshal(icmp.IPv6PseudoHeader(source.AsSlice(), destination.AsSlice()))
	if err != nil {
		return 0, nil, err
	}
	// Neighbour discovery believes only packets that no router has passed on.
	const hopLimit = 255
	packet := binary.BigEndian.AppendUint32(nil, ipv6.Version<<28)
	packet = binary.BigEndian.AppendUint16(packet, uint16(len(payload)))
	packet = append(packet, unix.IPPROTO_ICMPV6, hopLimit)
	packet = append(packet, source.AsSlice()...)
	packet = append(packet, destination.AsSlice()...)
	return unix.ETH_P_IPV6, append(packet, payload...), nil
}

// checksum is that of an IPv4 header whose own is 0 (RFC 1071).
func checksum(header []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum>>16 != 0 {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
