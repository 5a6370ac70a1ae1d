package store_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// TestLeaseRecords checks that all of a lease is kept, and what may take its place.
func TestLeaseRecords(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	plain := leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)
	named := leaseOf(web.ID, "10.1.0.2", ipam.Requested)
	named.Asked, named.Name = true, "web-1"
	long := leaseOf(web.ID, "10.1.0.3", ipam.Gateway)
	long.Name, long.Since = strings.Repeat("ü", ipam.MaxName/2), time.Unix(-1, 0)
	early := leaseOf(web.ID, "10.1.0.4", ipam.Dynamic)
	early.Ended = time.Unix(0, 0)
	again := ended(leaseOf(web.ID, "10.1.0.5", ipam.Dynamic))
	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.AddPool(ctx, web), s.AddLease(ctx, plain), s.AddLease(ctx, named), s.AddLease(ctx, long),
			s.EndLease(ctx, early), s.EndLease(ctx, ended(named)), s.EndLease(ctx, again),
		)
	})
	wantAddresses(t, directory, []ipam.Pool{web}, []ipam.Lease{plain, ended(named), long, early, again}, nil)

	// An ended lease gives way to a held one, which then holds.
	again.Ended, again.Name = time.Time{}, "web-2"
	change(t, directory, func(s *store.Store) error {
		if err := errors.Join(s.AddLease(ctx, again), s.ForgetLeases(ctx, web.ID, []netip.Addr{
			plain.Address, named.Address, early.Address, again.Address, addressOf(99),
		})); err != nil {
			return err
		}
		if err := s.AddLease(ctx, again); !errors.Is(err, ipam.ErrTaken) {
			t.Errorf("AddLease of a held address: got error %v, want ErrTaken", err)
		}
		return nil
	})
	wantAddresses(t, directory, []ipam.Pool{web}, []ipam.Lease{plain, long, again}, nil)
}

func TestReservationNames(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	named, long := reservationOf("10.1.0.7", "10.1.0.0/24"), reservationOf("2001:db8::7", "2001:db8::/64")
	named.Name, long.Name = "the printer", strings.Repeat("x", ipam.MaxName)
	change(t, directory, func(s *store.Store) error { return s.Reserve(ctx, []ipam.Reservation{named, long}) })
	wantAddresses(t, directory, nil, nil, []ipam.Reservation{named, long})
}

// TestUnfitRecords checks that what cannot be kept whole is refused, not cut.
func TestUnfitRecords(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	held := leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)
	long, fit := held, reservationOf("10.1.0.6", "10.1.0.0/24")
	long.Name = strings.Repeat("x", ipam.MaxName+1)
	longReservation := reservationOf("10.1.0.7", "10.1.0.0/24")
	longReservation.Name = long.Name
	change(t, directory, func(s *store.Store) error {
		for what, err := range map[string]error{
			"AddLease with a long name":              s.AddLease(ctx, long),
			"EndLease with a long name":              s.EndLease(ctx, ended(long)),
			"AddLease of an ended lease":             s.AddLease(ctx, ended(held)),
			"EndLease of a lease without an end":     s.EndLease(ctx, held),
			"Reserve with a long name":               s.Reserve(ctx, []ipam.Reservation{fit, longReservation}),
			"Reserve with something without address": s.Reserve(ctx, []ipam.Reservation{fit, {Subnet: web.Subnet}}),
		} {
			if err == nil {
				t.Errorf("%s: got no error", what)
			}
		}
		return s.AddPool(ctx, web)
	})
	wantAddresses(t, directory, []ipam.Pool{web}, nil, nil)
}
