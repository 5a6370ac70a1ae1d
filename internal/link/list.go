package link

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// What a list of links tells of each, the flags of IFLA_EXT_MASK (linux/rtnetlink.h).
const (
	withStatistics    = 0
	withoutStatistics = 1 << 3 // RTEXT_FILTER_SKIP_STATS
)

// listLinks lists the links of the host that are to be kept: what the kernel tells of
// the others, of which there may be thousands, is not taken apart all at once.
func (m *Manager) listLinks(extent uint32, keep func(netlink.Link) bool) ([]netlink.Link, error) {
	links, err := dump(func() ([]netlink.Link, error) { return m.listLinksOnce(extent, keep) })
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	return links, nil
}

func (m *Manager) listLinksOnce(extent uint32, keep func(netlink.Link) bool) ([]netlink.Link, error) {
	request := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: m.lists}
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	request.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(extent)))
	// Read without a pause, as what changes meanwhile breaks a list off.
	messages, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
	if err != nil {
		return nil, err
	}
	var links []netlink.Link
	for _, message := range messages {
		l, err := netlink.LinkDeserialize(nil, trim(message))
		if err != nil {
			return nil, err
		}
		if keep(l) {
			links = append(links, l)
		}
	}
	return links, nil
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

// isUsed reports whether an attribute of a listed link is of use.
func isUsed(attribute uint16) bool {
	switch attribute & nl.NLA_TYPE_MASK {
	case unix.IFLA_IFNAME, unix.IFLA_IFALIAS, unix.IFLA_LINKINFO, unix.IFLA_MASTER, unix.IFLA_ADDRESS,
		unix.IFLA_MTU, unix.IFLA_LINK_NETNSID, unix.IFLA_STATS, unix.IFLA_STATS64:
		return true
	}
	return false
}

func isBridge(l netlink.Link) bool {
	_, is := l.(*netlink.Bridge)
	return is
}

func isVeth(l netlink.Link) bool {
	_, is := l.(*netlink.Veth)
	return is
}
