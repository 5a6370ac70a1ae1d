package link

import (
	"net"
	"reflect"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"mybridge/test/kernel"
)

// TestTrim wants of each kind of link all that is used of it, as the library reads it of
// the whole message.
func TestTrim(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	must(t, m.EnsureVeth(t.Context(), testVeth()))
	container := kernel.NewMachine(t, "container")
	kernel.Run(t, "ip", "link", "set", string(testVeth().Peer), "netns", container.Pid())
	kernel.Run(t, "ip", "link", "add", "other", "mtu", "1400", "group", "7", "type", "bridge")
	for _, extent := range []uint32{withStatistics, withoutStatistics} {
		messages, err := m.listMessages(extent)
		must(t, err)
		if len(messages) != 4 {
			t.Fatalf("%d links are listed, want the loopback, two bridges and a veth pair's end", len(messages))
		}
		for _, message := range messages {
			whole, err := netlink.LinkDeserialize(nil, append([]byte{}, message...))
			must(t, err)
			trimmed, err := readLink(message)
			must(t, err)
			if got, want := usedOf(trimmed), usedOf(whole); !reflect.DeepEqual(got, want) {
				t.Errorf("of link %s is left\n%+v, want\n%+v", whole.Attrs().Name, got, want)
			}
		}
	}
}

// usedOf is what is used of a link.
func usedOf(l netlink.Link) netlink.LinkAttrs {
	a := l.Attrs()
	return netlink.LinkAttrs{
		Name: a.Name, EncapType: l.Type(), Index: a.Index, Alias: a.Alias, MTU: a.MTU, MasterIndex: a.MasterIndex,
		HardwareAddr: append(net.HardwareAddr{}, a.HardwareAddr...), Flags: a.Flags, RawFlags: a.RawFlags, NetNsID: a.NetNsID, Group: a.Group, Statistics: a.Statistics,
	}
}

// TestTrimAnything wants a message that makes no sense to stay one.
func TestTrimAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
		if trimmed := trim(message); len(trimmed) > len(message) || len(message) >= unix.SizeofIfInfomsg && len(trimmed) < unix.SizeofIfInfomsg {
			t.Fatalf("%d bytes of %d are left", len(trimmed), len(message))
		}
	})
}

// TestCostOfListedLink guards what a list costs, by a link's allocations: times are not
// the same twice.
func TestCostOfListedLink(t *testing.T) {
	message := nl.NewIfInfomsg(unix.AF_UNSPEC).Serialize()
	add := func(attribute int, value []byte) {
		message = append(message, nl.NewRtAttr(attribute, value).Serialize()...)
	}
	for unused := range 40 {
		add(1000+unused, make([]byte, 32))
	}
	add(unix.IFLA_IFNAME, nl.ZeroTerminated("mbv0123456789"))
	add(unix.IFLA_IFALIAS, nl.ZeroTerminated("mybridge network=n1 endpoint=e1"))
	add(unix.IFLA_MASTER, nl.Uint32Attr(7))
	buffer := make([]byte, len(message))
	allocations := testing.AllocsPerRun(100, func() {
		copy(buffer, message)
		if _, err := readLink(buffer); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("allocations: %.0f", allocations)
	const most = 6
	if allocations > most {
		t.Errorf("a link in a list allocates %.0f times, once it was less than %d", allocations, most)
	}
}
