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

// listLinks lists the links of the host that are to be kept. The others are not in
// memory at any time, of which there may be thousands.
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
	var links []netlink.Link
	var unread error
	err := request.ExecuteIter(unix.NETLINK_ROUTE, unix.RTM_NEWLINK, func(message []byte) bool {
		l, err := netlink.LinkDeserialize(nil, message)
		if err != nil {
			unread = err
			return false
		}
		if keep(l) {
			links = append(links, l)
		}
		return true
	})
	if unread != nil {
		return nil, unread
	}
	return links, err
}

func isBridge(l netlink.Link) bool {
	_, is := l.(*netlink.Bridge)
	return is
}

func isVeth(l netlink.Link) bool {
	_, is := l.(*netlink.Veth)
	return is
}
