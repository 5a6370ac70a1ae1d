package store

import (
	"context"

	"go.etcd.io/bbolt"
)

var engineKey = []byte("engine")

// KnownEngine returns the ID of the engine that has known networks of ours, empty
// where none is known yet.
func (s *Store) KnownEngine(ctx context.Context) (id string, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		id = string(tx.Bucket(metaBucket).Get(engineKey))
		return nil
	})
	return id, err
}

// KeepEngine keeps the ID of the engine; where it is kept already, it writes nothing.
func (s *Store) KeepEngine(ctx context.Context, id string) error {
	if kept, err := s.KnownEngine(ctx); err == nil && kept == id {
		return nil
	}
	return s.update(ctx, func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(engineKey, []byte(id)) })
}
