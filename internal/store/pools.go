package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"mybridge/ipam"
)

// A pool's leases are a bucket of their own in the leases bucket, so that they
// go with the pool in one step.

// AddPool keeps a new pool.
func (s *Store) AddPool(ctx context.Context, pool ipam.Pool) error {
	value, err := json.Marshal(pool)
	if err != nil {
		return fmt.Errorf("writing pool %s: %w", pool.ID, err)
	}
	return s.update(ctx, func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(pool.ID)
		if pools.Get(key) != nil {
			return ipam.ErrPoolExists
		}
		if _, err := tx.Bucket(leasesBucket).CreateBucketIfNotExists(key); err != nil {
			return err
		}
		return put(pools, key, value)
	})
}

// UpdatePool keeps the pool in the place of the one with the same ID.
func (s *Store) UpdatePool(ctx context.Context, pool ipam.Pool) error {
	value, err := json.Marshal(pool)
	if err != nil {
		return fmt.Errorf("writing pool %s: %w", pool.ID, err)
	}
	return s.update(ctx, func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(pool.ID)
		if pools.Get(key) == nil {
			return nil
		}
		return put(pools, key, value)
	})
}

// RemovePool forgets a pool and its leases, but for ended ones with a name: they
// stay in the pool's bucket for the next pool of the same ID.
func (s *Store) RemovePool(ctx context.Context, id ipam.PoolID) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(id)
		if pools.Get(key) == nil {
			return nil
		}
		if err := removeLeases(tx, id); err != nil {
			return err
		}
		return remove(pools, key)
	})
}

// removeLeases leaves the ended leases with a name, and the bucket if there are any.
func removeLeases(tx *bbolt.Tx, pool ipam.PoolID) error {
	leases := bucketOf(tx, pool)
	var keys [][]byte
	left := 0
	err := each(leases, func(key, value []byte) error {
		lease := ipam.Lease{Pool: pool}
		if !readLease(&lease, key, value) {
			return damagedLease(pool, key)
		}
		if !lease.Ended.IsZero() && lease.Name != "" {
			left++
			return nil
		}
		keys = append(keys, bytes.Clone(key))
		return nil
	})
	if err != nil {
		return err
	}
	if left == 0 {
		return tx.Bucket(leasesBucket).DeleteBucket([]byte(pool))
	}
	for _, key := range keys {
		if err := remove(leases, key); err != nil {
			return err
		}
	}
	return nil
}

// leasesOf returns the leases of a pool, nil where the pool is not kept.
func leasesOf(tx *bbolt.Tx, pool ipam.PoolID) *bbolt.Bucket {
	if tx.Bucket(poolsBucket).Get([]byte(pool)) == nil {
		return nil
	}
	return bucketOf(tx, pool)
}

// bucketOf returns the bucket of a pool's leases, which may outlive the pool.
func bucketOf(tx *bbolt.Tx, pool ipam.PoolID) *bbolt.Bucket {
	return tx.Bucket(leasesBucket).Bucket([]byte(pool))
}
