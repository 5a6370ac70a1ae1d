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
	// Read without a pause, as what changes meanwhile breaks a list off.
	messages, err := m.listMessages(extent)
	if err != nil {
		return nil, err
	}
	var links []netlink.Link
	for _, message := range messages {
		l, err := readLink(message)
		if err != nil {
			return nil, err
		}
		if keep(l) {
			links = append(links, l)
		}
	}
	return links, nil
}

// listMessages returns a message for each link of the host.
func (m *Manager) listMessages(extent uint32) ([][]byte, error) {
	request := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: m.lists}
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	request.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(extent)))
	return request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
}

func isBridge(l netlink.Link) bool {
	_, is := l.(*netlink.Bridge)
	return is
}

func isVeth(l netlink.Link) bool {
	_, is := l.(*netlink.Veth)
	return is
}
