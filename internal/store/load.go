package store

import (
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"mybridge/driver"
	"mybridge/ipam"
)

// Load returns all pools, leases and reservations kept.
func (s *Store) Load(ctx context.Context) (kept ipam.Snapshot, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		kept, err = loadAddresses(tx)
		return err
	})
	return kept, err
}

// LoadNetworks returns all networks and endpoints kept.
func (s *Store) LoadNetworks(ctx context.Context) (networks []driver.Network, endpoints []driver.Endpoint, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		networks, endpoints, err = loadNetworks(tx)
		return err
	})
	return networks, endpoints, err
}

func loadAddresses(tx *bbolt.Tx) (kept ipam.Snapshot, err error) {
	if kept.Pools, err = readAll[ipam.Pool](tx.Bucket(poolsBucket)); err != nil {
		return kept, err
	}
	// Counting first reads no more than the pages' heads, while a slice that
	// grows would be copied again and again.
	all := tx.Bucket(leasesBucket)
	if count := all.Stats().KeyN - len(kept.Pools); count > 0 {
		kept.Leases = make([]ipam.Lease, 0, count)
	}
	err = eachLease(tx, kept.Pools, func(lease *ipam.Lease) { kept.Leases = append(kept.Leases, *lease) })
	if err != nil {
		return kept, err
	}
	err = eachReservation(tx, func(r ipam.Reservation) { kept.Reservations = append(kept.Reservations, r) })
	return kept, err
}

func loadNetworks(tx *bbolt.Tx) (networks []driver.Network, endpoints []driver.Endpoint, err error) {
	if networks, err = readAll[driver.Network](tx.Bucket(networksBucket)); err != nil {
		return nil, nil, err
	}
	endpoints, err = readAll[driver.Endpoint](tx.Bucket(endpointsBucket))
	return networks, endpoints, err
}

// check reads all that there is and keeps nothing of it.
func check(tx *bbolt.Tx) error {
	pools, err := readAll[ipam.Pool](tx.Bucket(poolsBucket))
	if err != nil {
		return err
	}
	if err := eachLease(tx, pools, func(*ipam.Lease) {}); err != nil {
		return err
	}
	if err := eachReservation(tx, func(ipam.Reservation) {}); err != nil {
		return err
	}
	if _, err := readSecret(tx); err != nil {
		return err
	}
	_, _, err = loadNetworks(tx)
	return err
}

// eachLease calls use with one lease after the other, each in the same place:
// those of the pools, and those that outlived theirs.
func eachLease(tx *bbolt.Tx, pools []ipam.Pool, use func(lease *ipam.Lease)) error {
	for _, pool := range pools {
		if leasesOf(tx, pool.ID) == nil {
			return fmt.Errorf("%w: pool %s has no leases bucket", ErrDamaged, pool.ID)
		}
	}
	var lease ipam.Lease
	return tx.Bucket(leasesBucket).ForEachBucket(func(name []byte) error {
		pool := ipam.PoolID(name)
		err := each(bucketOf(tx, pool), func(key, value []byte) error {
			lease = ipam.Lease{Pool: pool}
			if !readLease(&lease, key, value) {
				return damagedLease(pool, key)
			}
			use(&lease)
			return nil
		})
		if err != nil {
			return fmt.Errorf("leases of pool %s: %w", pool, err)
		}
		return nil
	})
}

func eachReservation(tx *bbolt.Tx, use func(r ipam.Reservation)) error {
	return each(tx.Bucket(reservationsBucket), func(key, value []byte) error {
		r, err := readReservation(key, value)
		use(r)
		return err
	})
}

func readAll[Record any](bucket *bbolt.Bucket) ([]Record, error) {
	var records []Record
	err := each(bucket, func(key, value []byte) error {
		var record Record
		if err := json.Unmarshal(value, &record); err != nil {
			return fmt.Errorf("%w: record %q: %w", ErrDamaged, key, err)
		}
		records = append(records, record)
		return nil
	})
	return records, err
}
