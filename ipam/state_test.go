package ipam_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"mybridge/ipam"
)

// fakeState is a State in memory. It keeps what the interface's documentation
// says and nothing more.
type fakeState struct {
	// before, where it is set, is called at the start of each change with the
	// name of the method, outside of the lock: a test waits in it.
	before func(method string)

	mu           sync.Mutex
	fail         error
	pools        map[ipam.PoolID]ipam.Pool
	leases       map[ipam.PoolID]map[netip.Addr]ipam.Lease
	reservations map[netip.Addr]ipam.Reservation
}

func newFakeState() *fakeState {
	return &fakeState{
		pools:        map[ipam.PoolID]ipam.Pool{},
		leases:       map[ipam.PoolID]map[netip.Addr]ipam.Lease{},
		reservations: map[netip.Addr]ipam.Reservation{},
	}
}

// failNext makes the next change fail with err; nil takes that back.
func (s *fakeState) failNext(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// change runs do unless the change is to fail.
func (s *fakeState) change(method string, do func() error) error {
	if s.before != nil {
		s.before(method)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail; err != nil {
		s.fail = nil
		return err
	}
	return do()
}

func (s *fakeState) Load(context.Context) (ipam.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail; err != nil {
		s.fail = nil
		return ipam.Snapshot{}, err
	}
	kept := ipam.Snapshot{
		Pools:        slices.Collect(maps.Values(s.pools)),
		Reservations: slices.Collect(maps.Values(s.reservations)),
	}
	for _, leases := range s.leases {
		kept.Leases = slices.AppendSeq(kept.Leases, maps.Values(leases))
	}
	return kept, nil
}

func (s *fakeState) AddPool(_ context.Context, pool ipam.Pool) error {
	return s.change("AddPool", func() error {
		if _, kept := s.pools[pool.ID]; kept {
			return ipam.ErrPoolExists
		}
		s.pools[pool.ID] = pool
		s.leases[pool.ID] = map[netip.Addr]ipam.Lease{}
		return nil
	})
}

func (s *fakeState) RemovePool(_ context.Context, id ipam.PoolID) error {
	return s.change("RemovePool", func() error {
		delete(s.pools, id)
		delete(s.leases, id)
		return nil
	})
}

func (s *fakeState) AddLease(_ context.Context, lease ipam.Lease) error {
	return s.change("AddLease", func() error {
		leases, kept := s.leases[lease.Pool]
		if !kept {
			return ipam.ErrUnknownPool
		}
		if _, leased := leases[lease.Address]; leased {
			return ipam.ErrTaken
		}
		leases[lease.Address] = lease
		return nil
	})
}

func (s *fakeState) RemoveLease(_ context.Context, pool ipam.PoolID, address netip.Addr) error {
	return s.change("RemoveLease", func() error {
		delete(s.leases[pool], address)
		return nil
	})
}

func (s *fakeState) Reserve(_ context.Context, reservations []ipam.Reservation) error {
	return s.change("Reserve", func() error {
		for _, r := range reservations {
			s.reservations[r.Address] = r
		}
		return nil
	})
}

func (s *fakeState) Unreserve(_ context.Context, address netip.Addr) error {
	return s.change("Unreserve", func() error {
		delete(s.reservations, address)
		return nil
	})
}
