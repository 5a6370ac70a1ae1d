package store

import (
	"context"
	"fmt"
	"net/netip"

	"go.etcd.io/bbolt"

	"mybridge/ipam"
)

// AddLease keeps a held lease in the place of an ended one or of none.
func (s *Store) AddLease(ctx context.Context, lease ipam.Lease) error {
	if !lease.Ended.IsZero() {
		return fmt.Errorf("adding lease %s: it has ended", lease.Address)
	}
	key := lease.Address.AsSlice()
	value, err := writeLease(lease)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *bbolt.Tx) error {
		leases := leasesOf(tx, lease.Pool)
		if leases == nil {
			return ipam.ErrUnknownPool
		}
		if kept := leases.Get(key); kept != nil {
			ended, err := isEnded(lease.Pool, key, kept)
			if err != nil {
				return err
			}
			if !ended {
				return ipam.ErrTaken
			}
		}
		return put(leases, key, value)
	})
}

// EndLease keeps the lease as ended, in the place of the held one.
func (s *Store) EndLease(ctx context.Context, lease ipam.Lease) error {
	if lease.Ended.IsZero() {
		return fmt.Errorf("ending lease %s: it does not say when it ended", lease.Address)
	}
	key := lease.Address.AsSlice()
	value, err := writeLease(lease)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *bbolt.Tx) error {
		leases := leasesOf(tx, lease.Pool)
		if leases == nil {
			return nil
		}
		return put(leases, key, value)
	})
}

// ForgetLeases forgets those of the leases that have ended.
func (s *Store) ForgetLeases(ctx context.Context, pool ipam.PoolID, addresses []netip.Addr) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		leases := leasesOf(tx, pool)
		if leases == nil {
			return nil
		}
		for _, address := range addresses {
			key := address.AsSlice()
			kept := leases.Get(key)
			if kept == nil {
				continue
			}
			ended, err := isEnded(pool, key, kept)
			if err != nil {
				return err
			}
			if !ended {
				continue
			}
			if err := remove(leases, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func isEnded(pool ipam.PoolID, key, value []byte) (bool, error) {
	flags, ok := readFlags(value)
	if !ok {
		return false, damagedLease(pool, key)
	}
	return flags&endedFlag != 0, nil
}

func damagedLease(pool ipam.PoolID, key []byte) error {
	return fmt.Errorf("%w: lease %x of pool %s", ErrDamaged, key, pool)
}

// Reserve keeps all of the reservations.
func (s *Store) Reserve(ctx context.Context, reservations []ipam.Reservation) error {
	values := make([][]byte, len(reservations))
	for i, r := range reservations {
		var err error
		if values[i], err = writeReservation(r); err != nil {
			return err
		}
	}
	return s.update(ctx, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(reservationsBucket)
		for i, r := range reservations {
			if err := put(bucket, r.Address.AsSlice(), values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unreserve forgets a reservation.
func (s *Store) Unreserve(ctx context.Context, address netip.Addr) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		return remove(tx.Bucket(reservationsBucket), address.AsSlice())
	})
}
