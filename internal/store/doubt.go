package store

import (
	"context"

	"go.etcd.io/bbolt"
)

var doubtKey = []byte("doubt")

// Doubt returns why leases may be missing, empty where none can.
func (s *Store) Doubt(ctx context.Context) (reason string, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		reason = string(tx.Bucket(metaBucket).Get(doubtKey))
		return nil
	})
	return reason, err
}

// SetDoubt keeps why leases may be missing; an empty reason ends the doubt.
func (s *Store) SetDoubt(ctx context.Context, reason string) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		if reason == "" {
			return tx.Bucket(metaBucket).Delete(doubtKey)
		}
		return tx.Bucket(metaBucket).Put(doubtKey, []byte(reason))
	})
}
