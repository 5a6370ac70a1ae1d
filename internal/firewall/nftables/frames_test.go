package nftables

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// The sender and its victim are endpoints of the plain network.
var (
	sender = firewall.Endpoint{ID: "sender", Link: "mbv-a", MAC: link.MAC{2, 0, 0, 0, 0, 0xa}, Addresses: []netip.Addr{addr("192.0.2.10"), addr("2001:db8:1::a")}}
	victim = firewall.Endpoint{ID: "victim", Link: "mbv-b", MAC: link.MAC{2, 0, 0, 0, 0, 0xb}, Addresses: []netip.Addr{addr("192.0.2.11"), addr("2001:db8:1::b")}}
)

// segment is the plain network's bridge with both, on a host that forwards, and the
// wire between them.
func segment(t *testing.T) *wire {
	t.Helper()
	pin(t)
	kernel.Run(t, "sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
	kernel.Run(t, "ip", "link", "add", string(plain.Bridge), "up", "address", plain.BridgeMAC.String(), "type", "bridge")
	for _, e := range []firewall.Endpoint{sender, victim} {
		kernel.Run(t, "ip", "link", "add", string(e.Link), "up", "master", string(plain.Bridge), "type", "veth", "peer", "name", "in-"+e.ID)
		// The host is not to take what arrives there for its own.
		kernel.Run(t, "ip", "link", "set", "in-"+e.ID, "address", e.MAC.String())
		kernel.Run(t, "sysctl", "-q", "net.ipv4.conf.in-"+e.ID+".forwarding=0", "net.ipv6.conf.in-"+e.ID+".disable_ipv6=1")
		kernel.Run(t, "ip", "link", "set", "in-"+e.ID, "up")
	}
	w := &wire{from: packetSocket(t, "in-sender"), to: packetSocket(t, "in-victim")}
	w.wait(t)
	return w
}

// pin keeps the test on one processor, so that frames do not overtake one another.
// Its thread ends with it.
func pin(t *testing.T) {
	t.Helper()
	var allowed, one unix.CPUSet
	must(t, unix.SchedGetaffinity(0, &allowed))
	for cpu := 0; one.Count() == 0; cpu++ {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	must(t, unix.SchedSetaffinity(0, &one))
}

// ethernet is sent to all: a bridge that has learned a spoofed address would send
// what is for the victim to the sender.
func ethernet(source link.MAC, protocol uint16, payload []byte) []byte {
	return slices.Concat(bytes.Repeat([]byte{0xff}, 6), source[:], binary.BigEndian.AppendUint16(nil, protocol), payload)
}

// tagged has VLAN tags of VLAN 0 before what the frame carries.
func tagged(frame []byte, protocols ...uint16) []byte {
	var tags []byte
	for _, protocol := range protocols {
		tags = append(binary.BigEndian.AppendUint16(tags, protocol), 0, 0)
	}
	return slices.Concat(frame[:12], tags, frame[12:])
}

// cookie ends each frame, by which it is known when it arrives.
const cookie = "from the sender, to the victim"

func arp(hardware link.MAC, address netip.Addr) []byte {
	fixed := []byte{0, 1, 8, 0, 6, 4, 0, 2}
	return slices.Concat(fixed, hardware[:], address.AsSlice(), victim.MAC[:], victim.Addresses[0].AsSlice(), []byte(cookie))
}

func ipv4(source netip.Addr) []byte {
	header := slices.Concat([]byte{0x45, 0, 0, byte(20 + len(cookie)), 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0, 0}, source.AsSlice(), victim.Addresses[0].AsSlice())
	// The checksum of RFC 1071: bridges drop packets in which it is wrong.
	sum := 0
	for i := 0; i < len(header); i += 2 {
		sum += int(binary.BigEndian.Uint16(header[i:]))
	}
	binary.BigEndian.PutUint16(header[10:], ^uint16(sum+sum>>16))
	return append(header, cookie...)
}

func ipv6(source netip.Addr, icmp ...byte) []byte {
	header := []byte{0x60, 0, 0, 0, 0, byte(len(icmp) + len(cookie)), unix.IPPROTO_ICMPV6, 255}
	return slices.Concat(header, source.AsSlice(), victim.Addresses[1].AsSlice(), icmp, []byte(cookie))
}

func nd(kind byte, target netip.Addr) []byte {
	return append([]byte{kind, 0, 0, 0, 0x60, 0, 0, 0}, target.AsSlice()...)
}

// wire leads from the sender through the bridge to the victim.
type wire struct {
	from, to *os.File
	// markers counts those sent.
	markers uint32
}

// marker is an own frame sent behind another, with a number of its own: when it
// arrives, the other has arrived or never will.
func (w *wire) marker() []byte {
	w.markers++
	return ethernet(sender.MAC, unix.ETH_P_LOOPBACK, binary.BigEndian.AppendUint32(make([]byte, 46), w.markers))
}

// arrives sends the frame and reports whether the victim gets it. A marker that is
// lost fails the test.
func (w *wire) arrives(t *testing.T, frame []byte) bool {
	t.Helper()
	marker := w.marker()
	for _, sent := range [][]byte{frame, marker} {
		_, err := w.from.Write(sent)
		must(t, err)
	}
	must(t, w.to.SetReadDeadline(time.Now().Add(time.Minute)))
	arrived := false
	for buffer := make([]byte, 2048); ; {
		n, err := w.to.Read(buffer)
		must(t, err)
		if bytes.Equal(buffer[:n], marker) {
			return arrived
		}
		arrived = arrived || bytes.HasSuffix(buffer[:n], []byte(cookie))
	}
}

// wait sends markers until one arrives: a port forwards a moment after it is up.
func (w *wire) wait(t *testing.T) {
	t.Helper()
	for buffer := make([]byte, 2048); ; {
		marker := w.marker()
		_, err := w.from.Write(marker)
		must(t, err)
		must(t, w.to.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		if n, err := w.to.Read(buffer); err == nil && bytes.Equal(buffer[:n], marker) {
			return
		}
	}
}

// packetSocket sends and receives whole frames on the interface (packet(7)).
func packetSocket(t *testing.T, name string) *os.File {
	t.Helper()
	device, err := net.InterfaceByName(name)
	must(t, err)
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	must(t, err)
	file := os.NewFile(uintptr(socket), name)
	t.Cleanup(func() { must(t, file.Close()) })
	must(t, unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: device.Index}))
	return file
}
