package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"net/netip"
)

// initiateSCTP sends what opens an SCTP association, by a raw socket: not every
// kernel has SCTP sockets. Each comes from another port, and its label tells sniff
// from all other packets.
func initiateSCTP(arguments []string) error {
	flags := flag.NewFlagSet("sctp", flag.ContinueOnError)
	label := flags.String("label", "", "`text` that sniff prints")
	text, err := parseOne(flags, arguments)
	if err != nil {
		return err
	}
	server, err := netip.ParseAddrPort(text)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	connection, err := net.Dial("ip:132", server.Addr().String())
	if err != nil {
		return err
	}
	defer connection.Close()
	const firstEphemeral = 49152 // RFC 6335, section 6
	port := firstEphemeral + rand.N[uint16](1<<16-firstEphemeral)
	_, err = connection.Write(sctpInit(port, server.Port(), labelled(*label)))
	return err
}

// sctpInit is a packet with an INIT chunk (RFC 9260, sections 3.1 and 3.3.2). The
// label is in its padding parameter (RFC 4820, section 4).
func sctpInit(source, destination uint16, label []byte) []byte {
	const initiation, padding, parameterHeader = 1, 0x8005, 4
	for len(label)%4 != 0 {
		label = append(label, 0)
	}
	const tag, window, streams, firstTSN = 1, 1 << 16, 1, 1
	body := binary.BigEndian.AppendUint32(nil, tag)
	body = binary.BigEndian.AppendUint32(body, window)
	body = binary.BigEndian.AppendUint16(body, streams)
	body = binary.BigEndian.AppendUint16(body, streams)
	body = binary.BigEndian.AppendUint32(body, firstTSN)
	body = binary.BigEndian.AppendUint16(body, padding)
	body = binary.BigEndian.AppendUint16(body, uint16(parameterHeader+len(label)))
	body = append(body, label...)

	packet := binary.BigEndian.AppendUint16(nil, source)
	packet = binary.BigEndian.AppendUint16(packet, destination)
	packet = append(packet, make([]byte, 8)...) // no tag of an association yet, and the checksum's place
	packet = append(packet, initiation, 0)
	packet = binary.BigEndian.AppendUint16(packet, uint16(4+len(body)))
	packet = append(packet, body...)
	sum := crc32.Checksum(packet, crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(packet[8:], sum) // RFC 9260, appendix A
	return packet
}
