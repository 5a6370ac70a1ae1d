package link

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
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
	done := make(chan struct{})
	lost := make(chan error, 1)
	updates := make(chan netlink.LinkUpdate)
	options := netlink.LinkSubscribeOptions{ErrorCallback: func(err error) {
		select {
		case lost <- err:
		default:
		}
	}}
	if err := netlink.LinkSubscribeWithOptions(updates, done, options); err != nil {
		return fmt.Errorf("watching links: %w", err)
	}
	defer func() {
		close(done)
		// The library's goroutine ends when its last message is taken.
		go func() {
			for range updates {
			}
		}()
	}()
	changed()
	names := map[int]string{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			return fmt.Errorf("watching links: %w", err)
		case update := <-updates:
			if m.isBridgeChange(update, names) {
				changed()
			}
		}
	}
}

// isBridgeChange keeps the bridges' names by index, as much else happens to a
// bridge of which the kernel tells. Ours have their alias before they are up.
func (m *Manager) isBridgeChange(update netlink.LinkUpdate, names map[int]string) bool {
	attributes := update.Attrs()
	if !isBridge(update.Link) || strings.HasPrefix(attributes.Alias, m.aliasPrefix()) {
		return false
	}
	if update.Header.Type == unix.RTM_DELLINK {
		delete(names, attributes.Index)
		return true
	}
	if attributes.Flags&netFlagUp == 0 || names[attributes.Index] == attributes.Name {
		return false
	}
	names[attributes.Index] = attributes.Name
	return true
}

// Watch calls changed after changes of the host's links, addresses and forwarding
// that may have broken something of ours, until ctx is done. It fails where the
// kernel drops messages that were not read in time.
func (m *Manager) Watch(ctx context.Context, changed func()) error {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR,
		unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_NETCONF, unix.RTNLGRP_IPV6_NETCONF)
	if err != nil {
		return fmt.Errorf("watching the host's links: %w", err)
	}
	stop := context.AfterFunc(ctx, socket.Close)
	defer func() {
		if stop() {
			socket.Close()
		}
	}()
	harm := harm{aliasPrefix: m.aliasPrefix(), leaving: map[int]bool{}}
	for {
		messages, _, err := socket.Receive()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching the host's links: %w", err)
		}
		if slices.ContainsFunc(messages, harm.isIn) {
			changed()
		}
	}
}
