package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"mybridge/internal/fault"
)

// Remove deletes those of the links that are ours, the half-made included, and
// returns what it could not, by name. One that is gone, or that is not its
// network's or endpoint's, is no failure.
//
// Several go at once: the kernel waits for its readers (16 to 32 ms, under the lock
// that each change of a link needs) once for a group, not once for each.
func (m *Manager) Remove(_ context.Context, bridges []Bridge, veths []Veth) map[Name]error {
	failures := map[Name]error{}
	var doomed []netlink.Link
	for _, v := range veths {
		found, err := m.find(v.Name)
		if err != nil {
			failures[v.Name] = err
		} else if found != nil && m.mayRemove(found, isHalfMade(found) || m.isEndpoints(found, v)) {
			doomed = append(doomed, found)
		}
	}
	for _, b := range bridges {
		found, err := m.findBridge(b.Name)
		if errors.Is(err, ErrNotBridge) {
			continue
		}
		if err != nil {
			failures[b.Name] = err
		} else if found != nil && m.mayRemove(found, m.isOurs(found, b)) {
			doomed = append(doomed, found)
		}
	}
	if len(doomed) > 0 && m.removeGroup(doomed) == nil {
		return failures
	}
	for _, l := range doomed {
		if err := m.remove(l); err != nil {
			failures[Name(l.Attrs().Name)] = err
		}
	}
	return failures
}

// mayRemove says so in the log where a link stays.
func (m *Manager) mayRemove(found netlink.Link, isOurs bool) bool {
	if !isOurs {
		attributes := found.Attrs()
		m.log.WithFields(logrus.Fields{"link": attributes.Name, "alias": attributes.Alias}).Warn("link left alone: its alias is not ours")
	}
	return isOurs
}

// remove deletes a link; one that went meanwhile, as with its container, is gone.
func (m *Manager) remove(doomed netlink.Link) error {
	if err := fault.Point("link.remove"); err != nil {
		return err
	}
	message := nl.NewIfInfomsg(unix.AF_UNSPEC)
	message.Index = int32(doomed.Attrs().Index)
	if err := m.requestRemoval(message); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("removing link %s: %w", doomed.Attrs().Name, err)
	}
	return fault.Point("link.removed")
}

// removalGroups is the first number of groups for removal: smaller ones are what people
// give.
const removalGroups = 1 << 16

func isRemovalGroup(group uint32) bool { return group >= removalGroups }

// removeGroup deletes the links as a group of the kernel's (ip-link(8)), which they
// enter for that: so Watch knows that they are to go. Its number is a random one, as
// whoever is in the group goes.
func (m *Manager) removeGroup(doomed []netlink.Link) error {
	group := removalGroups + rand.IntN(1<<31-removalGroups)
	for _, l := range doomed {
		if err := fault.Point("link.group"); err != nil {
			return err
		}
		if err := m.handle.LinkSetGroup(l, group); err != nil && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("grouping link %s: %w", l.Attrs().Name, err)
		}
	}
	if err := fault.Point("link.remove"); err != nil {
		return err
	}
	number := nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(uint32(group)))
	if err := m.requestRemoval(nl.NewIfInfomsg(unix.AF_UNSPEC), number); err != nil {
		return fmt.Errorf("removing %d links: %w", len(doomed), err)
	}
	return fault.Point("link.removed")
}

// requestRemoval sends RTM_DELLINK on a socket of its own, as other requests would
// wait behind it, also those that need no lock of the kernel's.
func (m *Manager) requestRemoval(parts ...nl.NetlinkRequestData) error {
	request := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: m.removals}
	for _, part := range parts {
		request.AddData(part)
	}
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	return err
}
