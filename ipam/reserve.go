package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
)

// ParseReservationName returns what a person calls a reservation: at most
// MaxName bytes of printable text. The field's name goes into the error.
func ParseReservationName(field, s string) (string, error) {
	if len(s) > MaxName {
		return "", fmt.Errorf("%s has %d bytes: allowed is %d", field, len(s), MaxName)
	}
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) {
		return "", fmt.Errorf("%s %q has characters that cannot be printed", field, s)
	}
	return s, nil
}

// Reserve keeps the address from being given until Release, in a pool or not. An
// address that is leased is reserved as well, and stays so after its lease. For
// one that is reserved already, the name is replaced.
func (m *Manager) Reserve(ctx context.Context, address netip.Addr, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.holder(address)
	r, reserved := m.reservations[address]
	r.Name = name
	if !reserved {
		r = Reservation{Address: address, Subnet: netip.PrefixFrom(address, address.BitLen()), Since: m.now().Truncate(time.Second), Name: name}
		if p != nil {
			r.Subnet = p.Subnet
		}
	}
	// Nobody is to get the address while the reservation is committed.
	if p != nil && !reserved {
		p.reserve(address)
	}
	if err := m.State.Reserve(ctx, []Reservation{r}); err != nil {
		if p != nil && !reserved {
			p.unreserve(address)
		}
		return fmt.Errorf("keeping the reservation of %s: %w", address, err)
	}
	m.reservations[address] = r
	m.Log.WithFields(logrus.Fields{"address": address, "name": name}).Info("address reserved")
	return nil
}

// Release ends the reservation of an address or, where there is none, its lease.
// It fails with ErrLive where a live endpoint uses the lease, or a network has
// it as its gateway, unless it is forced; with ErrNotReserved where there is
// neither.
func (m *Manager) Release(ctx context.Context, address netip.Addr, force bool) error {
	p, err := m.endReservation(ctx, address)
	if !errors.Is(err, ErrNotReserved) {
		return err
	}
	if p == nil || p.enter() != nil {
		return err
	}
	defer p.leave()
	switch view := p.lookUp(address, m.moment()); {
	case view.State == Pending:
		return fmt.Errorf("address %s of pool %s: %w: it is being given or released at this moment", address, p.Subnet, ErrTaken)
	case view.State != Held:
		return fmt.Errorf("%w, nor is it leased", err)
	default:
		return m.endLease(ctx, p, view, force)
	}
}

// endReservation returns the pool in which the address lies, nil for none.
func (m *Manager) endReservation(ctx context.Context, address netip.Addr) (*pool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.holder(address)
	if _, reserved := m.reservations[address]; !reserved {
		return p, fmt.Errorf("address %s: %w", address, ErrNotReserved)
	}
	if err := m.State.Unreserve(ctx, address); err != nil {
		return p, fmt.Errorf("forgetting the reservation of %s: %w", address, err)
	}
	delete(m.reservations, address)
	if p != nil {
		p.unreserve(address)
	}
	m.Log.WithField("address", address).Info("reservation released")
	return p, nil
}

// endLease ends a lease on a person's word.
func (m *Manager) endLease(ctx context.Context, p *pool, view AddressView, force bool) error {
	user, used := m.userOf(p, view)
	if used && !force {
		return liveError(fmt.Sprintf("address %s of pool %s is in use: it is that of %s (--force ends its lease all the same)", view.Address, p.Subnet, user))
	}
	if err := m.giveBack(ctx, p, view.Address); err != nil {
		return err
	}
	fields := logrus.Fields{"pool": p.Subnet, "address": view.Address, "kind": view.Kind, "user": user}
	m.Log.WithFields(fields).Warn("lease ended by 'ipam release'")
	return nil
}

// liveError is an ErrLive that says itself who lives.
type liveError string

// Error is the text.
func (e liveError) Error() string { return string(e) }

// Unwrap makes it an ErrLive.
func (e liveError) Unwrap() error { return ErrLive }

// userOf says who uses the leased address, as far as our networks know.
func (m *Manager) userOf(p *pool, view AddressView) (user string, used bool) {
	if endpoint, live := m.Networks.EndpointOf(view.Address); live {
		return endpoint, true
	}
	if network, there := m.Networks.NetworkOf(p.Subnet); there && view.Kind == Gateway.String() {
		return "the gateway of network " + network, true
	}
	return "", false
}

// lookUp is addressView where mu is not held.
func (p *pool) lookUp(a netip.Addr, at moment) AddressView {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addressView(a, at)
}
