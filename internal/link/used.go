package link

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/gaissmai/bart"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// listAnew is how long what is known of the host's routes is kept up by what the
// kernel tells: of routes that go with a link being down it tells nothing, so some may
// seem to be there for that long.
const listAnew = time.Minute

// usedPrefixes are the subnets of the host's routes and addresses. They are listed
// once, and kept up by the kernel's messages, which are read when somebody asks: so
// one more network does not cost more where there are a thousand.
type usedPrefixes struct {
	mu sync.Mutex
	// messages is nil until the first list, and where some were lost.
	messages *nl.NetlinkSocket
	listed   time.Time
	holders  map[holder]bool
	count    map[netip.Prefix]int
	table    *bart.Lite
}

// holder is an address or a route of a link.
type holder struct {
	link   int
	prefix netip.Prefix
	// metric tells routes apart; that of an address is below zero.
	metric int
}

const ofAddress = -1

// snapshot returns the subnets as they are now. Who has one may add to it.
func (u *usedPrefixes) snapshot(m *Manager) (*bart.Lite, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.messages != nil && time.Since(u.listed) < listAnew && u.catchUp() == nil {
		return u.table, nil
	}
	u.close()
	if err := u.list(m); err != nil {
		u.close()
		return nil, err
	}
	return u.table, nil
}

func (u *usedPrefixes) close() {
	if u.messages != nil {
		u.messages.Close()
		u.messages = nil
	}
}

// list begins anew. Messages come from before it, so that nothing is missed.
func (u *usedPrefixes) list(m *Manager) error {
	var err error
	u.messages, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
		unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	if err != nil {
		return fmt.Errorf("watching routes: %w", err)
	}
	u.holders, u.count, u.table, u.listed = map[holder]bool{}, map[netip.Prefix]int{}, new(bart.Lite), time.Now()
	routes, err := dump(func() ([]netlink.Route, error) { return m.handle.RouteList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return fmt.Errorf("listing routes: %w", err)
	}
	for _, route := range routes {
		if prefix, ok := fromIPNet(route.Dst); ok {
			u.add(holder{route.LinkIndex, prefix.Masked(), route.Priority})
		}
	}
	addresses, err := m.listAddresses(nil)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if prefix, ok := fromIPNet(address.IPNet); ok {
			u.add(holder{address.LinkIndex, prefix, ofAddress})
		}
	}
	// Where so much changes that messages are lost, this list is good for now.
	if u.catchUp() != nil {
		u.close()
	}
	return nil
}

// catchUp reads what the kernel has told. It fails where something was lost.
func (u *usedPrefixes) catchUp() error {
	buffer := make([]byte, nl.RECEIVE_BUFFER_SIZE)
	for {
		length, _, err := unix.Recvfrom(u.messages.GetFd(), buffer, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading changes of routes: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:length])
		if err != nil {
			return fmt.Errorf("reading changes of routes: %w", err)
		}
		for _, message := range messages {
			u.apply(message)
		}
	}
}

func (u *usedPrefixes) apply(message syscall.NetlinkMessage) {
	switch message.Header.Type {
	case unix.RTM_NEWROUTE:
		if h, ok := routeOf(message.Data); ok {
			u.add(h)
		}
	case unix.RTM_DELROUTE:
		if h, ok := routeOf(message.Data); ok {
			u.remove(h)
		}
	case unix.RTM_NEWADDR:
		if h, ok := addressOf(message.Data); ok {
			u.add(h)
		}
	case unix.RTM_DELADDR:
		if h, ok := addressOf(message.Data); ok {
			u.remove(h)
			// Of the address's own route, the kernel says nothing where its link goes.
			u.remove(holder{h.link, h.prefix.Masked(), 0})
		}
	}
}

func (u *usedPrefixes) add(h holder) {
	subnet := h.prefix.Masked()
	if u.holders[h] || subnet.Bits() == 0 {
		return
	}
	u.holders[h] = true
	u.count[subnet]++
	if u.count[subnet] == 1 {
		u.table = u.table.InsertPersist(subnet)
	}
}

func (u *usedPrefixes) remove(h holder) {
	if !u.holders[h] {
		return
	}
	subnet := h.prefix.Masked()
	delete(u.holders, h)
	u.count[subnet]--
	if u.count[subnet] == 0 {
		delete(u.count, subnet)
		u.table = u.table.DeletePersist(subnet)
	}
}

// routeOf reads a message about a route of the main table (rtnetlink(7)).
func routeOf(data []byte) (holder, bool) {
	if len(data) < unix.SizeofRtMsg {
		return holder{}, false
	}
	header := nl.DeserializeRtMsg(data)
	attributes, err := nl.ParseRouteAttr(data[unix.SizeofRtMsg:])
	if err != nil || header.Flags&unix.RTM_F_CLONED != 0 {
		return holder{}, false
	}
	h, table := holder{}, uint32(header.Table)
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.RTA_DST:
			address, _ := netip.AddrFromSlice(a.Value)
			h.prefix = netip.PrefixFrom(address, int(header.Dst_len))
		case unix.RTA_OIF:
			h.link = int(nl.NativeEndian().Uint32(a.Value))
		case unix.RTA_PRIORITY:
			h.metric = int(nl.NativeEndian().Uint32(a.Value))
		case unix.RTA_TABLE:
			table = nl.NativeEndian().Uint32(a.Value)
		}
	}
	h.prefix = h.prefix.Masked()
	return h, table == unix.RT_TABLE_MAIN && h.prefix.IsValid()
}

// addressOf reads a message about an address. Where a link has a peer, its local
// address is the one.
func addressOf(data []byte) (holder, bool) {
	if len(data) < unix.SizeofIfAddrmsg {
		return holder{}, false
	}
	header := nl.DeserializeIfAddrmsg(data)
	attributes, err := nl.ParseRouteAttr(data[unix.SizeofIfAddrmsg:])
	if err != nil {
		return holder{}, false
	}
	var address, local netip.Addr
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(a.Value)
		}
	}
	if local.IsValid() {
		address = local
	}
	return holder{int(header.Index), netip.PrefixFrom(address, int(header.Prefixlen)), ofAddress}, address.IsValid()
}
