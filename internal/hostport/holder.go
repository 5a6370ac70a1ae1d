package hostport

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
)

// Holder holds host ports in the network namespace of the process. Its methods
// may be called concurrently.
type Holder struct {
	log logrus.FieldLogger
	// openSCTP opens an SCTP socket of an address family (AF_…).
	openSCTP func(domain int) (fd int, err error)
	// clientIdle and clientLimit are those of each UDP port.
	clientIdle  time.Duration
	clientLimit int
	// files are those that what the ports carry may have open, all together.
	files *semaphore.Weighted

	// mu is kept until what a port carried is gone, so that a port which is
	// not in the list is free in the kernel too.
	mu   sync.Mutex
	held []held
}

// held is a mapping whose host port is ours.
type held struct {
	Mapping
	owner string
	// release frees the port, ends what it carries, and returns when that is
	// gone.
	release func()
}

// NewHolder returns a Holder that holds nothing yet.
func NewHolder(log logrus.FieldLogger) *Holder {
	return &Holder{
		log: log, openSCTP: openSCTP, clientIdle: clientIdle, clientLimit: clientLimit,
		files: semaphore.NewWeighted(filesToCarry()),
	}
}

// Hold takes the host ports that are asked for, all or none, in addition to what
// the owner holds already. The mappings are in the order of the requests and
// their targets; a target without a host address gets no host port. It fails with
// ErrInUse where a port, or each of a range, is taken, and with EADDRNOTAVAIL
// where an address is not the host's.
func (h *Holder) Hold(owner string, requests []Request) ([]Mapping, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.held)
	var mappings []Mapping
	for _, request := range requests {
		more, err := h.holdRequest(owner, request)
		if err != nil {
			h.releaseSince(before)
			return nil, err
		}
		mappings = append(mappings, more...)
	}
	return mappings, nil
}

// Resume takes host ports that the owner held before the process was restarted.
// The error names each that could not be had; the others are held.
func (h *Holder) Resume(owner string, mappings []Mapping) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var failures []error
	for _, m := range mappings {
		if _, err := h.hold(owner, m); err != nil {
			failures = append(failures, fmt.Errorf("mapping %s: %w", m, err))
		}
	}
	return errors.Join(failures...)
}

// Release frees the owner's ports and closes the connections carried through
// them. When it returns they can be bound again. An owner that holds nothing is
// no error.
func (h *Holder) Release(owner string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = slices.DeleteFunc(h.held, func(one held) bool {
		if one.owner != owner {
			return false
		}
		one.release()
		return true
	})
}

// Close frees all ports.
func (h *Holder) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.releaseSince(0)
}

// releaseSince frees the ports that were taken when n were held, and since.
func (h *Holder) releaseSince(n int) {
	for _, one := range h.held[n:] {
		one.release()
	}
	h.held = slices.Delete(h.held, n, len(h.held))
}

// holdRequest takes the first port that is free on all targets.
func (h *Holder) holdRequest(owner string, request Request) ([]Mapping, error) {
	ports := request.ports()
	var err error
	for _, port := range ports {
		var mappings []Mapping
		if mappings, err = h.holdPort(owner, request, port); err == nil {
			return mappings, nil
		}
		if !errors.Is(err, ErrInUse) {
			return nil, err
		}
	}
	if len(ports) == 1 {
		return nil, err
	}
	return nil, exhausted(request, err)
}

// holdPort takes one port on all targets, or on none.
func (h *Holder) holdPort(owner string, request Request, port uint16) ([]Mapping, error) {
	before := len(h.held)
	var mappings []Mapping
	for _, target := range request.Targets {
		m := Mapping{Protocol: request.Protocol, Container: target.Container}
		if target.Host.IsValid() {
			m.Host = netip.AddrPortFrom(target.Host, port)
		}
		m, err := h.hold(owner, m)
		if err != nil {
			h.releaseSince(before)
			return nil, err
		}
		if port == 0 {
			port = m.Host.Port()
		}
		mappings = append(mappings, m)
	}
	return mappings, nil
}

// hold takes the mapping's host port and returns the mapping with the port that
// it got. The list is asked before the kernel: it knows whose a port is, and of
// SCTP ports where the kernel has no such sockets.
func (h *Holder) hold(owner string, m Mapping) (Mapping, error) {
	if !m.Host.IsValid() {
		return m, nil
	}
	if other, ok := h.conflict(m); ok {
		return Mapping{}, fmt.Errorf("port %s/%s %w by %s", m.Host, m.Protocol, ErrInUse, other.owner)
	}
	one, err := h.open(m)
	if err != nil {
		return Mapping{}, bindError(m, err)
	}
	one.owner = owner
	h.held = append(h.held, one)
	return one.Mapping, nil
}

// open binds a socket and begins to carry what reaches it.
func (h *Holder) open(m Mapping) (held, error) {
	switch m.Protocol {
	case TCP:
		return h.listenTCP(m)
	case UDP:
		return h.listenUDP(m)
	case SCTP:
		return h.listenSCTP(m)
	}
	return held{}, fmt.Errorf("%s has no ports", m.Protocol)
}

// conflict returns what is held and leaves no room for m.
func (h *Holder) conflict(m Mapping) (held, bool) {
	i := slices.IndexFunc(h.held, func(one held) bool { return one.conflicts(m) })
	if i < 0 {
		return held{}, false
	}
	return h.held[i], true
}

// conflicts reports whether the two host ports cannot be bound both. As the IPv6
// sockets are for IPv6 only, the families do not meet.
func (m Mapping) conflicts(other Mapping) bool {
	mine, theirs := m.Host.Addr(), other.Host.Addr()
	return m.Protocol == other.Protocol && m.Host.Port() == other.Host.Port() && mine.Is4() == theirs.Is4() &&
		(mine == theirs || mine.IsUnspecified() || theirs.IsUnspecified())
}
