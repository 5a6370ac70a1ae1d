package link

import (
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// harm tells which of the kernel's messages are of something that may have broken, and
// leaves out what our own work makes: a look at all links costs the more, the more
// there are.
type harm struct {
	aliasPrefix string
	// leaving are the links that Remove deletes, by index.
	leaving map[int]bool
}

func (h harm) isIn(message syscall.NetlinkMessage) bool {
	switch message.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return h.isInLink(message)
	case unix.RTM_DELADDR:
		return len(message.Data) < unix.SizeofIfAddrmsg || !h.leaving[int(nl.DeserializeIfAddrmsg(message.Data).Index)]
	case unix.RTM_NEWNETCONF:
		return isOfHost(message.Data)
	}
	return false
}

func (h harm) isInLink(message syscall.NetlinkMessage) bool {
	found, err := readLink(message.Data)
	if err != nil {
		return false
	}
	attributes := found.Attrs()
	isOurs := strings.HasPrefix(attributes.Alias, h.aliasPrefix)
	if isOurs && isRemovalGroup(attributes.Group) {
		h.leaving[attributes.Index] = true
		if message.Header.Type == unix.RTM_DELLINK {
			delete(h.leaving, attributes.Index)
		}
		return false
	}
	isUp := attributes.Flags&netFlagUp != 0
	// Not where it has yet to be brought up.
	isDowned := !isUp && nl.DeserializeIfInfomsg(message.Data).Change&unix.IFF_UP != 0
	switch {
	case message.Header.Type == unix.RTM_DELLINK:
		return isOurs || isBridge(found)
	case isOurs:
		return isDowned || isVeth(found) && attributes.MasterIndex == 0
	default:
		// One that was there before its network may be there again.
		return isUp && isBridge(found)
	}
}

// Of linux/netconf.h.
const (
	netconfIfindex    = 1  // NETCONFA_IFINDEX
	netconfIfindexAll = -1 // NETCONFA_IFINDEX_ALL
)

// isOfHost reports whether settings of the whole host have changed: each link that
// comes tells its own.
func isOfHost(data []byte) bool {
	const sizeofNetconfmsg = 4 // the family, aligned
	if len(data) < sizeofNetconfmsg {
		return false
	}
	attributes, err := nl.ParseRouteAttr(data[sizeofNetconfmsg:])
	if err != nil {
		return false
	}
	for _, a := range attributes {
		if a.Attr.Type == netconfIfindex && len(a.Value) == 4 {
			return int32(nl.NativeEndian().Uint32(a.Value)) == netconfIfindexAll
		}
	}
	return false
}
