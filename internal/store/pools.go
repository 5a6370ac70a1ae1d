package store

import (
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
		if _, err := tx.Bucket(leasesBucket).CreateBucket(key); err != nil {
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

// RemovePool forgets a pool and all its leases.
func (s *Store) RemovePool(ctx context.Context, id ipam.PoolID) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		pools, key := tx.Bucket(poolsBucket), []byte(id)
		if pools.Get(key) == nil {
			return nil
		}
		if err := tx.Bucket(leasesBucket).DeleteBucket(key); err != nil {
			return err
		}
		return remove(pools, key)
	})
}

// leasesOf returns the leases of a pool, nil where the pool is not kept.
func leasesOf(tx *bbolt.Tx, pool ipam.PoolID) *bbolt.Bucket {
	return tx.Bucket(leasesBucket).Bucket([]byte(pool))
}
