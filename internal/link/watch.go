package link

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Bridges returns the names of all bridges of the host, whoever made them.
func (m *Manager) Bridges(_ context.Context) ([]Name, error) {
	links, err := m.listLinks(withoutStatistics, isBridge)
	if err != nil {
		return nil, err
	}
	var names []Name
	for _, l := range links {
		names = append(names, Name(l.Attrs().Name))
	}
	return names, nil
}

// WatchBridges calls changed when it begins, and after each time that a bridge which
// is not ours came up, by that name for the first time, or went, until ctx is done. It
// fails where the kernel drops messages that were not read in time.
func (m *Manager) WatchBridges(ctx context.Context, changed func()) error {
	bridges := bridgeNews{m.aliasPrefix(), map[int]string{}}
	return watch(ctx, changed, bridges.isIn, changed, unix.RTNLGRP_LINK)
}

// bridgeNews keeps the names of bridges that were up by their index, as much else
// happens to a bridge of which the kernel tells.
type bridgeNews struct {
	aliasPrefix string
	names       map[int]string
}

func (b bridgeNews) isIn(message syscall.NetlinkMessage) bool {
	found, err := readLink(message.Data)
	if err != nil {
		return true // who looks then gets the error
	}
	attributes := found.Attrs()
	// Ours have their alias before they are up.
	if !isBridge(found) || strings.HasPrefix(attributes.Alias, b.aliasPrefix) {
		return false
	}
	if message.Header.Type == unix.RTM_DELLINK {
		delete(b.names, attributes.Index)
		return true
	}
	if attributes.Flags&netFlagUp == 0 || b.names[attributes.Index] == attributes.Name {
		return false
	}
	b.names[attributes.Index] = attributes.Name
	return true
}

// Watch calls changed after changes of the host's links, addresses and forwarding
// that may have broken something of ours, until ctx is done. It fails where the
// kernel drops messages that were not read in time.
func (m *Manager) Watch(ctx context.Context, changed func()) error {
	harm := harm{aliasPrefix: m.aliasPrefix(), leaving: map[int]bool{}}
	return watch(ctx, func() {}, harm.isIn, changed, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR,
		unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_NETCONF, unix.RTNLGRP_IPV6_NETCONF)
}

// watch calls changed where a message to one of the groups (rtnetlink(7)) is news, and
// begun as soon as it misses none, until ctx is done.
func watch(ctx context.Context, begun func(), isNews func(syscall.NetlinkMessage) bool, changed func(), groups ...uint) error {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE, groups...)
	if err != nil {
		return fmt.Errorf("watching the host's links: %w", err)
	}
	stop := context.AfterFunc(ctx, socket.Close)
	defer func() {
		if stop() {
			socket.Close()
		}
	}()
	begun()
	for {
		messages, _, err := socket.Receive()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching the host's links: %w", err)
		}
		news := false
		for _, message := range messages {
			news = isNews(message) || news
		}
		if news {
			changed()
		}
	}
}
