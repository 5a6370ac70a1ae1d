package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"go.etcd.io/bbolt"

	"mybridge/ipam"
)

// A pool's leases are a bucket of their own in the leases bucket, so that they
// go with the pool in one step. A lease is small because there are many: its key
// is the address, its value the kind and the time in seconds.
const entrySize = 1 + 8

// Load returns all pools, leases and reservations kept.
func (s *Store) Load(_ context.Context) (ipam.Snapshot, error) {
	var kept ipam.Snapshot
	err := s.view(func(tx *bbolt.Tx) error {
		var err error
		if kept.Pools, err = readAll[ipam.Pool](tx.Bucket(poolsBucket)); err != nil {
			return err
		}
		for _, pool := range kept.Pools {
			leases := tx.Bucket(leasesBucket).Bucket([]byte(pool.ID))
			if leases == nil {
				return fmt.Errorf("%w: pool %s has no leases bucket", ErrDamaged, pool.ID)
			}
			err := leases.ForEach(func(key, value []byte) error {
				lease, err := readLease(pool.ID, key, value)
				kept.Leases = append(kept.Leases, lease)
				return err
			})
			if err != nil {
				return err
			}
		}
		kept.Reservations, err = readReservations(tx.Bucket(reservationsBucket))
		return err
	})
	return kept, err
}

// AddPool keeps a new pool.
func (s *Store) AddPool(_ context.Context, pool ipam.Pool) error {
	value, err := json.Marshal(pool)
	if err != nil {
		return fmt.Errorf("writing pool %s: %w", pool.ID, err)
	}
	return s.update(func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(pool.ID)
		if pools.Get(key) != nil {
			return ipam.ErrPoolExists
		}
		if _, err := tx.Bucket(leasesBucket).CreateBucket(key); err != nil {
			return err
		}
		return pools.Put(key, value)
	})
}

// RemovePool forgets a pool and all its leases.
func (s *Store) RemovePool(_ context.Context, id ipam.PoolID) error {
	return s.update(func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(id)
		if pools.Get(key) == nil {
			return nil
		}
		if err := tx.Bucket(leasesBucket).DeleteBucket(key); err != nil {
			return err
		}
		return pools.Delete(key)
	})
}

// AddLease keeps a new lease.
func (s *Store) AddLease(_ context.Context, lease ipam.Lease) error {
	return s.update(func(tx *bbolt.Tx) error {
		leases := tx.Bucket(leasesBucket).Bucket([]byte(lease.Pool))
		if leases == nil {
			return ipam.ErrUnknownPool
		}
		key := lease.Address.AsSlice()
		if leases.Get(key) != nil {
			return ipam.ErrTaken
		}
		value := binary.BigEndian.AppendUint64([]byte{byte(lease.Kind)}, uint64(lease.Since.Unix()))
		return leases.Put(key, value)
	})
}

// RemoveLease forgets a lease.
func (s *Store) RemoveLease(_ context.Context, pool ipam.PoolID, address netip.Addr) error {
	return s.update(func(tx *bbolt.Tx) error {
		leases := tx.Bucket(leasesBucket).Bucket([]byte(pool))
		if leases == nil {
			return nil
		}
		return leases.Delete(address.AsSlice())
	})
}

// Reserve keeps all of the reservations.
func (s *Store) Reserve(_ context.Context, reservations []ipam.Reservation) error {
	return s.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(reservationsBucket)
		for _, r := range reservations {
			value := binary.BigEndian.AppendUint64([]byte{byte(r.Subnet.Bits())}, uint64(r.Since.Unix()))
			if err := bucket.Put(r.Address.AsSlice(), value); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unreserve forgets a reservation.
func (s *Store) Unreserve(_ context.Context, address netip.Addr) error {
	return s.update(func(tx *bbolt.Tx) error {
		return tx.Bucket(reservationsBucket).Delete(address.AsSlice())
	})
}

func readLease(pool ipam.PoolID, key, value []byte) (ipam.Lease, error) {
	address, ok := netip.AddrFromSlice(key)
	if !ok || len(value) != entrySize {
		return ipam.Lease{}, fmt.Errorf("%w: lease %x of pool %s", ErrDamaged, key, pool)
	}
	return ipam.Lease{Pool: pool, Address: address, Kind: ipam.LeaseKind(value[0]), Since: readTime(value[1:])}, nil
}

// readReservations reads what Reserve wrote: an address, and the length of its
// subnet with the time.
func readReservations(bucket *bbolt.Bucket) ([]ipam.Reservation, error) {
	var reservations []ipam.Reservation
	err := bucket.ForEach(func(key, value []byte) error {
		address, ok := netip.AddrFromSlice(key)
		if !ok || len(value) != entrySize {
			return fmt.Errorf("%w: reservation %x", ErrDamaged, key)
		}
		subnet, err := address.Prefix(int(value[0]))
		if err != nil {
			return fmt.Errorf("%w: reservation %s: %w", ErrDamaged, address, err)
		}
		reservations = append(reservations, ipam.Reservation{Address: address, Subnet: subnet, Since: readTime(value[1:])})
		return nil
	})
	return reservations, err
}

func readTime(value []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(value)), 0)
}
