package store

import (
	"context"
	"crypto/rand"
	"fmt"

	"go.etcd.io/bbolt"
)

// secretSize is the length of the secret in bytes.
const secretSize = 32

var secretKey = []byte("secret")

// Secret returns the state's random bytes, which it makes on first use.
func (s *Store) Secret(ctx context.Context) (secret []byte, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) (err error) {
		secret, err = readSecret(tx)
		return err
	})
	if err != nil || secret != nil {
		return secret, err
	}
	err = s.update(ctx, func(tx *bbolt.Tx) (err error) {
		// Somebody else may have been first.
		if secret, err = readSecret(tx); err != nil || secret != nil {
			return err
		}
		secret = make([]byte, secretSize)
		_, _ = rand.Read(secret) // never fails, as its documentation says
		return tx.Bucket(metaBucket).Put(secretKey, secret)
	})
	if err != nil {
		return nil, err
	}
	return secret, nil
}

// readSecret returns nil where there is none yet.
func readSecret(tx *bbolt.Tx) ([]byte, error) {
	kept := tx.Bucket(metaBucket).Get(secretKey)
	if kept != nil && len(kept) != secretSize {
		return nil, fmt.Errorf("%w: the secret has %d bytes", ErrDamaged, len(kept))
	}
	return append([]byte(nil), kept...), nil
}
