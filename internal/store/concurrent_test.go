package store_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"mybridge/driver"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// TestOneWinner checks that of many who want the same address one gets it, and
// that those who want others are not disturbed.
func TestOneWinner(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	change(t, directory, func(s *store.Store) error {
		if err := s.AddPool(ctx, web); err != nil {
			return err
		}
		var winners atomic.Int32
		var group sync.WaitGroup
		for n := range byte(200) {
			group.Go(func() {
				own := ipam.Lease{Pool: web.ID, Address: addressOf(n), Kind: ipam.Dynamic, Since: moment}
				shared := own
				shared.Address = addressOf(255)
				switch err := s.AddLease(ctx, shared); {
				case err == nil:
					winners.Add(1)
				case !errors.Is(err, ipam.ErrTaken):
					t.Errorf("the shared address: got error %v, want ErrTaken", err)
				}
				if err := s.AddLease(ctx, own); err != nil {
					t.Errorf("address %d: %v", n, err)
				}
			})
		}
		group.Wait()
		if winners.Load() != 1 {
			t.Errorf("%d got the shared address, want 1", winners.Load())
		}
		return nil
	})
	change(t, directory, func(s *store.Store) error {
		kept, err := s.Load(ctx)
		if len(kept.Leases) != 201 {
			t.Errorf("%d leases are kept, want 201", len(kept.Leases))
		}
		return err
	})
}

func TestAfterClose(t *testing.T) {
	s, ctx := open(t, t.TempDir()), context.Background()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, errLoad := s.Load(ctx)
	_, _, errNetworks := s.LoadNetworks(ctx)
	_, errSecret := s.Secret(ctx)
	for what, err := range map[string]error{
		"Load": errLoad, "LoadNetworks": errNetworks, "Secret": errSecret,
		"AddPool":         s.AddPool(ctx, web),
		"UpdatePool":      s.UpdatePool(ctx, web),
		"RemovePool":      s.RemovePool(ctx, web.ID),
		"AddLease":        s.AddLease(ctx, leaseOf(web.ID, "10.1.0.1", ipam.Dynamic)),
		"EndLease":        s.EndLease(ctx, ended(leaseOf(web.ID, "10.1.0.1", ipam.Dynamic))),
		"ForgetLeases":    s.ForgetLeases(ctx, web.ID, []netip.Addr{addressOf(1)}),
		"Reserve":         s.Reserve(ctx, nil),
		"Unreserve":       s.Unreserve(ctx, addressOf(1)),
		"PutNetwork":      s.PutNetwork(ctx, full),
		"Forget network":  s.Forget(ctx, driver.Deletion{Network: "n1"}),
		"PutEndpoint":     s.PutEndpoint(ctx, endpointOf("n1", "e1")),
		"Forget endpoint": s.Forget(ctx, driver.Deletion{Network: "n1", Endpoint: "e1"}),
		"Backup":          s.Backup(ctx),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: got error %v, want ErrClosed", what, err)
		}
	}
}

// TestGeneration checks that it counts changes, not starts.
func TestGeneration(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	var before uint64
	change(t, directory, func(s *store.Store) error {
		before = s.Generation()
		return s.PutNetwork(ctx, full)
	})
	for range 3 {
		change(t, directory, func(s *store.Store) error {
			if got := s.Generation(); got != before+1 {
				t.Errorf("got generation %d, want %d", got, before+1)
			}
			_, err := s.Load(ctx)
			return err
		})
	}
}
