package link

import (
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// readLink takes the kernel's message about a link apart, as far as it is of use, and
// changes it.
func readLink(message []byte) (netlink.Link, error) {
	return netlink.LinkDeserialize(nil, trim(message))
}

// trim takes out of a link's message, in its place, what is of no use here: the library
// takes all apart that is left, 4 KB of garbage a link for some forty attributes.
func trim(message []byte) []byte {
	if len(message) < unix.SizeofIfInfomsg {
		return message
	}
	kept, rest := message[:unix.SizeofIfInfomsg], message[unix.SizeofIfInfomsg:]
	for len(rest) >= unix.SizeofRtAttr {
		length := int(nl.NativeEndian().Uint16(rest))
		if length < unix.SizeofRtAttr || length > len(rest) {
			return message // the library says so
		}
		attribute := rest[:min(rtaAlign(length), len(rest))]
		rest = rest[len(attribute):]
		if isUsed(nl.NativeEndian().Uint16(attribute[2:])) {
			kept = append(kept, attribute...)
		}
	}
	return kept
}

func rtaAlign(length int) int { return (length + unix.RTA_ALIGNTO - 1) &^ (unix.RTA_ALIGNTO - 1) }

// isUsed reports whether an attribute of a link is of use.
func isUsed(attribute uint16) bool {
	switch attribute & nl.NLA_TYPE_MASK {
	case unix.IFLA_IFNAME, unix.IFLA_IFALIAS, unix.IFLA_LINKINFO, unix.IFLA_MASTER, unix.IFLA_ADDRESS,
		unix.IFLA_MTU, unix.IFLA_GROUP, unix.IFLA_LINK_NETNSID, unix.IFLA_STATS, unix.IFLA_STATS64:
		return true
	}
	return false
}
