package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"mybridge/driver"
)

// PutNetwork keeps the network, in the place of one with the same ID.
func (s *Store) PutNetwork(ctx context.Context, network driver.Network) error {
	return s.put(ctx, networksBucket, []byte(network.ID), network)
}

// PutEndpoint keeps the endpoint, in the place of one with the same IDs.
func (s *Store) PutEndpoint(ctx context.Context, endpoint driver.Endpoint) error {
	return s.put(ctx, endpointsBucket, endpointKey(endpoint.Network, endpoint.ID), endpoint)
}

// Forget forgets the records of all the deletions, in one change.
func (s *Store) Forget(ctx context.Context, deletions ...driver.Deletion) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		var failures []error
		for _, deletion := range deletions {
			failures = append(failures, forget(tx, deletion))
		}
		return errors.Join(failures...)
	})
}

func forget(tx *bbolt.Tx, deletion driver.Deletion) error {
	endpoints := tx.Bucket(endpointsBucket)
	prefix := endpointKey(deletion.Network, deletion.Endpoint)
	if deletion.Endpoint != "" {
		return remove(endpoints, prefix)
	}
	var keys [][]byte
	cursor := endpoints.Cursor()
	for key, _ := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, _ = cursor.Next() {
		keys = append(keys, bytes.Clone(key))
	}
	for _, key := range keys {
		if err := remove(endpoints, key); err != nil {
			return err
		}
	}
	return remove(tx.Bucket(networksBucket), []byte(deletion.Network))
}

// endpointKey has a separator that no ID contains.
func endpointKey(network driver.NetworkID, id driver.EndpointID) []byte {
	return []byte(string(network) + "/" + string(id))
}

func (s *Store) put(ctx context.Context, bucket, key []byte, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("writing %s of %s: %w", bucket, key, err)
	}
	return s.update(ctx, func(tx *bbolt.Tx) error { return put(tx.Bucket(bucket), key, value) })
}
