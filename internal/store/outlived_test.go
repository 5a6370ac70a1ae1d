package store_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// TestNamedLeasesOutlivePool wants of a pool that is removed only the ended
// leases with a name kept, given to the next pool of its ID, and to nobody while
// there is none.
func TestNamedLeasesOutlivePool(t *testing.T) {
	directory := t.TempDir()
	s, err := store.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	subnet := netip.MustParsePrefix("10.1.0.0/24")
	pool := ipam.Pool{ID: ipam.NewPoolID(ipam.LocalAddressSpace, subnet), Subnet: subnet, Range: subnet, Since: time.Unix(1, 0)}
	lease := func(address, name string) ipam.Lease {
		return ipam.Lease{Pool: pool.ID, Address: netip.MustParseAddr(address), Kind: ipam.Dynamic, Since: time.Unix(2, 0), Name: name}
	}
	named, plain, held := lease("10.1.0.2", "web"), lease("10.1.0.3", ""), lease("10.1.0.4", "db")
	ended := named
	ended.Ended, plain.Ended = time.Unix(3, 0), time.Unix(3, 0)
	before := plain
	before.Ended = time.Time{}
	ctx := t.Context()
	err = errors.Join(
		s.AddPool(ctx, pool), s.AddLease(ctx, named), s.AddLease(ctx, before), s.AddLease(ctx, held),
		s.EndLease(ctx, ended), s.EndLease(ctx, plain), s.RemovePool(ctx, pool.ID), s.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(directory); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		kept, err := s.Load(ctx)
		if err != nil || len(kept.Leases) != 1 || kept.Leases[0] != ended {
			t.Errorf("kept are %+v, %v, want only %+v", kept.Leases, err, ended)
		}
		if err := s.EndLease(ctx, plain); err != nil {
			t.Error(err)
		}
	}
	if err := s.AddLease(ctx, named); !errors.Is(err, ipam.ErrUnknownPool) {
		t.Errorf("a lease without its pool: got %v, want %v", err, ipam.ErrUnknownPool)
	}
	if err := errors.Join(s.AddPool(ctx, pool), s.AddLease(ctx, named)); err != nil {
		t.Errorf("the pool again: %v", err)
	}
}
