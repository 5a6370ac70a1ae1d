package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// spoofDevice is the interface that frames are sent and seen by.
const spoofDevice = "eth0"

// spoof sends one frame that claims to be from anybody, see frames for what may
// be in it. Its label tells sniff from all other frames.
func spoof(arguments []string) error {
	device, err := net.InterfaceByName(spoofDevice)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("spoof", flag.ContinueOnError)
	from := flags.String("mac", device.HardwareAddr.String(), "source `MAC` of the frame")
	to := flags.String("to", "ff:ff:ff:ff:ff:ff", "destination `MAC` of the frame")
	tags := flags.Int("tags", 0, "how many tags of VLAN 0 to add, which stands for none (IEEE 802.1Q)")
	label := flags.String("label", "", "`text` that sniff prints")
	if err := flags.Parse(arguments); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	source, sourceErr := net.ParseMAC(*from)
	destination, destinationErr := net.ParseMAC(*to)
	if sourceErr != nil || destinationErr != nil {
		return fmt.Errorf("%w: %s and %s are to be MAC addresses", errUsage, *from, *to)
	}
	kind, values := flags.Arg(0), flags.Args()
	packet, known := packets[kind]
	if !known || len(values)-1 != packet.arguments {
		return fmt.Errorf("%w: spoof takes arp IP MAC TARGET, echo SOURCE DESTINATION or advertise SOURCE DESTINATION TARGET MAC", errUsage)
	}
	etherType, content, err := packet.compose(values[1:], labelled(*label))
	if err != nil {
		return err
	}

	frame := append(append([]byte{}, destination...), source...)
	for range *tags {
		frame = binary.BigEndian.AppendUint32(frame, unix.ETH_P_8021Q<<16)
	}
	frame = binary.BigEndian.AppendUint16(frame, etherType)
	return send(device.Index, append(frame, content...))
}

// send sends a whole frame.
func send(device int, frame []byte) error {
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	defer unix.Close(socket)
	// The kernel takes the frame's type from the frame.
	address := &unix.SockaddrLinklayer{Ifindex: device, Protocol: binary.NativeEndian.Uint16(frame[12:])}
	if err := unix.Sendto(socket, frame, 0, address); err != nil {
		return fmt.Errorf("send the frame: %w", err)
	}
	return nil
}

// packets are the kinds of packet that spoof sends, with the number of arguments
// that each takes.
var packets = map[string]struct {
	arguments int
	compose   func(arguments []string, label []byte) (etherType uint16, packet []byte, err error)
}{
	"arp":       {3, arpReply},
	"echo":      {2, echoRequest},
	"advertise": {4, neighbourAdvertisement},
}

func parseAddresses(texts ...string) ([]netip.Addr, error) {
	var addresses []netip.Addr
	for _, text := range texts {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
