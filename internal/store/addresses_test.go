package store_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/store"
	"mybridge/ipam"
)

var (
	web  = poolOf("10.1.0.0/24", "10.1.0.128/25")
	web6 = poolOf("2001:db8::/64", "2001:db8::/64")
)

// wantAddresses compares what a freshly opened state loads.
func wantAddresses(t *testing.T, directory string, pools []ipam.Pool, leases []ipam.Lease, reservations []ipam.Reservation) {
	t.Helper()
	change(t, directory, func(s *store.Store) error {
		got, err := s.Load(context.Background())
		// Times are compared as moments, whatever their location.
		for i := range got.Pools {
			if got.Pools[i].Since.Equal(moment) {
				got.Pools[i].Since = moment
			}
		}
		slices.SortFunc(got.Pools, func(a, b ipam.Pool) int { return strings.Compare(string(a.ID), string(b.ID)) })
		slices.SortFunc(got.Leases, func(a, b ipam.Lease) int { return a.Address.Compare(b.Address) })
		slices.SortFunc(got.Reservations, func(a, b ipam.Reservation) int { return a.Address.Compare(b.Address) })
		if !slices.Equal(got.Pools, pools) {
			t.Errorf("pools:\n got %v\nwant %v", got.Pools, pools)
		}
		if !slices.Equal(got.Leases, leases) {
			t.Errorf("leases:\n got %v\nwant %v", got.Leases, leases)
		}
		if !slices.Equal(got.Reservations, reservations) {
			t.Errorf("reservations:\n got %v\nwant %v", got.Reservations, reservations)
		}
		return err
	})
}

func TestAddressesOutliveReopening(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	leases := []ipam.Lease{
		leaseOf(web.ID, "10.1.0.1", ipam.Gateway),
		leaseOf(web.ID, "10.1.0.5", ipam.Requested),
		leaseOf(web.ID, "10.1.0.129", ipam.Dynamic),
		leaseOf(web6.ID, "2001:db8::1", ipam.Dynamic),
		leaseOf(web6.ID, "2001:db8::ffff:ffff:ffff:ffff", ipam.Requested),
	}
	reservations := []ipam.Reservation{
		reservationOf("10.1.0.7", "10.1.0.0/24"),
		reservationOf("10.1.0.255", "10.1.0.0/24"),
		reservationOf("192.168.0.1", "192.168.0.0/31"),
	}
	change(t, directory, func(s *store.Store) error {
		err := errors.Join(s.AddPool(ctx, web), s.AddPool(ctx, web6), s.Reserve(ctx, reservations))
		for _, lease := range leases {
			err = errors.Join(err, s.AddLease(ctx, lease))
		}
		return err
	})
	wantAddresses(t, directory, []ipam.Pool{web, web6}, leases, reservations)

	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.EndLease(ctx, ended(leases[1])),
			s.ForgetLeases(ctx, web.ID, []netip.Addr{leases[1].Address}),
			s.Unreserve(ctx, netip.MustParseAddr("10.1.0.7")),
		)
	})
	wantAddresses(t, directory, []ipam.Pool{web, web6}, slices.Delete(leases, 1, 2), slices.Delete(reservations, 0, 1))
}

func TestRemovePoolRemovesItsLeases(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	kept := leaseOf(web6.ID, "2001:db8::1", ipam.Dynamic)
	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.AddPool(ctx, web), s.AddPool(ctx, web6),
			s.AddLease(ctx, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)), s.AddLease(ctx, kept),
			s.Reserve(ctx, []ipam.Reservation{reservationOf("10.1.0.7", "10.1.0.0/24")}),
			s.RemovePool(ctx, web.ID),
		)
	})
	reserved := []ipam.Reservation{reservationOf("10.1.0.7", "10.1.0.0/24")}
	wantAddresses(t, directory, []ipam.Pool{web6}, []ipam.Lease{kept}, reserved)
	// The pool requested again has none of its old leases.
	change(t, directory, func(s *store.Store) error { return s.AddPool(ctx, web) })
	wantAddresses(t, directory, []ipam.Pool{web, web6}, []ipam.Lease{kept}, reserved)
}

func TestAddressConflicts(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	first := leaseOf(web.ID, "10.1.0.1", ipam.Gateway)
	change(t, directory, func(s *store.Store) error {
		return errors.Join(s.AddPool(ctx, web), s.AddPool(ctx, web6), s.AddLease(ctx, first))
	})
	change(t, directory, func(s *store.Store) error {
		other := web
		other.Range = netip.MustParsePrefix("10.1.0.0/26")
		for what, test := range map[string]struct{ got, want error }{
			"AddPool of a kept ID":                 {s.AddPool(ctx, other), ipam.ErrPoolExists},
			"AddLease of a leased address":         {s.AddLease(ctx, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)), ipam.ErrTaken},
			"AddLease in an unknown pool":          {s.AddLease(ctx, leaseOf("mybridge-local/10.9.0.0/24", "10.9.0.1", ipam.Dynamic)), ipam.ErrUnknownPool},
			"RemovePool of an unknown pool":        {s.RemovePool(ctx, "mybridge-local/10.9.0.0/24"), nil},
			"EndLease in an unknown pool":          {s.EndLease(ctx, ended(leaseOf("mybridge-local/10.9.0.0/24", "10.9.0.1", ipam.Dynamic))), nil},
			"ForgetLeases of an unknown lease":     {s.ForgetLeases(ctx, web.ID, []netip.Addr{addressOf(9)}), nil},
			"ForgetLeases of a held lease":         {s.ForgetLeases(ctx, web.ID, []netip.Addr{first.Address}), nil},
			"ForgetLeases in another pool":         {s.ForgetLeases(ctx, web6.ID, []netip.Addr{first.Address}), nil},
			"ForgetLeases in an unknown pool":      {s.ForgetLeases(ctx, "mybridge-local/10.9.0.0/24", []netip.Addr{first.Address}), nil},
			"Unreserve of what is not reserved":    {s.Unreserve(ctx, first.Address), nil},
			"Reserve of nothing":                   {s.Reserve(ctx, nil), nil},
			"Unreserve of an unknown IPv6 address": {s.Unreserve(ctx, netip.MustParseAddr("2001:db8::1")), nil},
		} {
			if !errors.Is(test.got, test.want) {
				t.Errorf("%s: got error %v, want %v", what, test.got, test.want)
			}
		}
		return nil
	})
	wantAddresses(t, directory, []ipam.Pool{web, web6}, []ipam.Lease{first}, nil)
}

func TestUpdatePool(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	changed, held := web, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)
	changed.Range = netip.MustParsePrefix("10.1.0.64/26")
	change(t, directory, func(s *store.Store) error {
		return errors.Join(s.AddPool(ctx, web), s.AddLease(ctx, held), s.UpdatePool(ctx, changed), s.UpdatePool(ctx, web6))
	})
	wantAddresses(t, directory, []ipam.Pool{changed}, []ipam.Lease{held}, nil)
}

// TestSameAddressInTwoPools checks that pools do not share leases.
func TestSameAddressInTwoPools(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	global := web
	global.ID = ipam.NewPoolID(ipam.GlobalAddressSpace, web.Subnet)
	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.AddPool(ctx, web), s.AddPool(ctx, global),
			s.AddLease(ctx, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)), s.AddLease(ctx, leaseOf(global.ID, "10.1.0.1", ipam.Dynamic)),
			s.RemovePool(ctx, web.ID),
		)
	})
	wantAddresses(t, directory, []ipam.Pool{global}, []ipam.Lease{leaseOf(global.ID, "10.1.0.1", ipam.Dynamic)}, nil)
}

func TestReserveReplaces(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	wide, narrow := reservationOf("10.1.0.7", "10.1.0.0/16"), reservationOf("10.1.0.7", "10.1.0.0/24")
	change(t, directory, func(s *store.Store) error {
		return errors.Join(s.Reserve(ctx, []ipam.Reservation{wide}), s.Reserve(ctx, []ipam.Reservation{narrow}))
	})
	wantAddresses(t, directory, nil, nil, []ipam.Reservation{narrow})
}
