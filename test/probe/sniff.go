package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// labelMark begins a label in a frame, and a line feed ends it.
const labelMark = "mybridge probe: "

func labelled(text string) []byte { return []byte(labelMark + text + "\n") }

// sniff prints the label of each frame from spoof and sctp that comes in, until it
// is ended.
func sniff([]string) error {
	device, err := net.InterfaceByName(spoofDevice)
	if err != nil {
		return err
	}
	// In network order, as all that packet sockets know.
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, int(all))
	if err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Ifindex: device.Index, Protocol: all}); err != nil {
		return fmt.Errorf("listen on %s: %w", spoofDevice, err)
	}
	fmt.Println("sniffing")
	frame := make([]byte, 1<<16)
	for {
		length, from, err := unix.Recvfrom(socket, frame, 0)
		if err != nil {
			return err
		}
		link, known := from.(*unix.SockaddrLinklayer)
		_, rest, found := bytes.Cut(frame[:length], []byte(labelMark))
		// Answers of our own carry the label as well.
		if !known || link.Pkttype == unix.PACKET_OUTGOING || !found {
			continue
		}
		label, _, _ := bytes.Cut(rest, []byte("\n"))
		fmt.Println(string(label))
	}
}
