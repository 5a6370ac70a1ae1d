// Package link makes and removes the kernel's part of a network: bridges, their
// addresses, veth pairs, and the forwarding switches they need. It is the only
// package that knows netlink.
//
// It touches only links that carry its alias, or that it was told to make. A
// bridge that somebody else made is never changed but for being brought up.
package link

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// socketTimeout bounds one netlink exchange, so that no call hangs on the kernel.
const socketTimeout = 10 * time.Second

// removalTimeout is longer, for a group of a thousand links.
const removalTimeout = time.Minute

// Name is a valid name of a network interface.
type Name string

// namePattern leaves out what the kernel takes but tools trip over: a leading
// dash reads as an option, a trailing + as a wildcard of iptables.
var namePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$`)

// ParseName returns s as a Name. The field's name goes into the error.
func ParseName(field, s string) (Name, error) {
	if !namePattern.MatchString(s) {
		return "", fmt.Errorf("%s %q is not an interface name: allowed are 1 to 15 letters, digits, '_', '.' and '-', a letter first", field, s)
	}
	// net.ipv4.conf.all and .default are no interfaces (kernel: sysctl_dev_name_is_allowed).
	if s == "all" || s == "default" {
		return "", fmt.Errorf("%s %q is not an interface name: the kernel keeps it for itself", field, s)
	}
	return Name(s), nil
}

// The errors a caller can tell apart with errors.Is.
var (
	// ErrNotBridge: a link of that name is there and is no bridge.
	ErrNotBridge = errors.New("is not a bridge")
	// ErrForeign: a link of that name is there and was not made by us for this.
	ErrForeign = errors.New("belongs to somebody else")
)

// whose says whose the link is, as far as it tells.
func whose(found netlink.Link) string {
	if alias := found.Attrs().Alias; alias != "" {
		return alias
	}
	return "a " + found.Type() + " without an alias"
}

// Manager works on the links of the network namespace it was opened in. Its
// methods may be called concurrently.
type Manager struct {
	handle *netlink.Handle
	// removals is for what takes the kernel long, lists for what it has much to say to.
	removals, lists *nl.SocketHandle
	used            usedPrefixes
	instance        string
	log             logrus.FieldLogger
}

// Open returns a manager for the calling process's network namespace. The
// instance goes into the alias of each link it makes.
func Open(instance string, log logrus.FieldLogger) (*Manager, error) {
	handle, err := netlink.NewHandle()
	if err != nil {
		return nil, fmt.Errorf("opening netlink: %w", err)
	}
	if err := handle.SetSocketTimeout(socketTimeout); err != nil {
		handle.Close()
		return nil, fmt.Errorf("limiting netlink calls to %s: %w", socketTimeout, err)
	}
	removals, err := openSocket(removalTimeout)
	if err != nil {
		handle.Close()
		return nil, err
	}
	lists, err := openSocket(socketTimeout)
	if err != nil {
		handle.Close()
		removals.Socket.Close()
		return nil, err
	}
	return &Manager{handle: handle, removals: removals, lists: lists, instance: instance, log: log}, nil
}

func openSocket(timeout time.Duration) (*nl.SocketHandle, error) {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("opening netlink: %w", err)
	}
	limit := unix.NsecToTimeval(int64(timeout))
	if err := socket.SetReceiveTimeout(&limit); err != nil {
		socket.Close()
		return nil, fmt.Errorf("limiting netlink calls to %s: %w", timeout, err)
	}
	return &nl.SocketHandle{Socket: socket}, nil
}

// aliasPrefix begins the alias of each link of this instance, and of no other's.
func (m *Manager) aliasPrefix() string { return "mybridge/" + m.instance + " " }

// Close ends the netlink sockets. The links stay.
func (m *Manager) Close() {
	m.handle.Close()
	m.removals.Socket.Close()
	m.lists.Socket.Close()
	m.used.mu.Lock()
	defer m.used.mu.Unlock()
	m.used.close()
}

// find returns the link called name, nil where there is none.
func (m *Manager) find(name Name) (netlink.Link, error) {
	found, err := m.handle.LinkByName(string(name))
	if _, absent := errors.AsType[netlink.LinkNotFoundError](err); absent {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for link %s: %w", name, err)
	}
	return found, nil
}
