package ipam_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mybridge/ipam"
)

// fakeState is a State in memory. It keeps what the interface's documentation
// says and nothing more: times to the second.
type fakeState struct {
	// before, where it is set, is called at the start of each change with the
	// name of the method, outside of the lock: a test waits in it.
	before func(method string)

	mu           sync.Mutex
	fail         error
	secret       []byte
	doubt        string
	pools        map[ipam.PoolID]ipam.Pool
	leases       map[ipam.PoolID]map[netip.Addr]ipam.Lease
	reservations map[netip.Addr]ipam.Reservation
}

func newFakeState() *fakeState {
	return &fakeState{
		secret:       []byte("thirty-two bytes that are secret"),
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
	snapshot := ipam.Snapshot{
		Pools:        slices.Collect(maps.Values(s.pools)),
		Reservations: slices.Collect(maps.Values(s.reservations)),
	}
	for _, leases := range s.leases {
		snapshot.Leases = slices.AppendSeq(snapshot.Leases, maps.Values(leases))
	}
	return snapshot, nil
}

func (s *fakeState) AddPool(_ context.Context, pool ipam.Pool) error {
	return s.change("AddPool", func() error {
		if _, there := s.pools[pool.ID]; there {
			return ipam.ErrPoolExists
		}
		s.pools[pool.ID] = pool
		if s.leases[pool.ID] == nil {
			s.leases[pool.ID] = map[netip.Addr]ipam.Lease{}
		}
		return nil
	})
}

func (s *fakeState) UpdatePool(_ context.Context, pool ipam.Pool) error {
	return s.change("UpdatePool", func() error {
		if _, there := s.pools[pool.ID]; there {
			s.pools[pool.ID] = pool
		}
		return nil
	})
}

func (s *fakeState) RemovePool(_ context.Context, id ipam.PoolID) error {
	return s.change("RemovePool", func() error {
		delete(s.pools, id)
		maps.DeleteFunc(s.leases[id], func(_ netip.Addr, l ipam.Lease) bool { return l.Ended.IsZero() || l.Name == "" })
		if len(s.leases[id]) == 0 {
			delete(s.leases, id)
		}
		return nil
	})
}

func (s *fakeState) AddLease(_ context.Context, lease ipam.Lease) error {
	return s.change("AddLease", func() error {
		if _, there := s.pools[lease.Pool]; !there {
			return ipam.ErrUnknownPool
		}
		leases := s.leases[lease.Pool]
		if before, known := leases[lease.Address]; known && before.Ended.IsZero() {
			return ipam.ErrTaken
		}
		leases[lease.Address] = kept(lease)
		return nil
	})
}

func (s *fakeState) EndLease(_ context.Context, lease ipam.Lease) error {
	return s.change("EndLease", func() error {
		if leases, known := s.leases[lease.Pool]; known {
			leases[lease.Address] = kept(lease)
		}
		return nil
	})
}

func (s *fakeState) ForgetLeases(_ context.Context, pool ipam.PoolID, addresses []netip.Addr) error {
	return s.change("ForgetLeases", func() error {
		for _, a := range addresses {
			if !s.leases[pool][a].Ended.IsZero() {
				delete(s.leases[pool], a)
			}
		}
		return nil
	})
}

func (s *fakeState) Doubt(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doubt, nil
}

func (s *fakeState) SetDoubt(_ context.Context, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubt = reason
	return nil
}

func (s *fakeState) Secret(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secret, nil
}

// kept is the lease with its times to the second.
func kept(lease ipam.Lease) ipam.Lease {
	lease.Since, lease.Ended = lease.Since.Truncate(time.Second), lease.Ended.Truncate(time.Second)
	return lease
}

// held counts the leases of a pool that have not ended.
func (s *fakeState) held(pool ipam.PoolID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, lease := range s.leases[pool] {
		if lease.Ended.IsZero() {
			n++
		}
	}
	return n
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
