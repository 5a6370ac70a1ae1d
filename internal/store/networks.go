package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"mybridge/driver"
)

// PutNetwork keeps the network, in the place of one with the same ID.
func (s *Store) PutNetwork(ctx context.Context, network driver.Network) error {
	return s.put(ctx, networksBucket, []byte(network.ID), network)
}

// DeleteNetwork forgets a network and its endpoints.
func (s *Store) DeleteNetwork(ctx context.Context, id driver.NetworkID) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		endpoints := tx.Bucket(endpointsBucket)
		prefix := endpointKey(id, "")
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
		return remove(tx.Bucket(networksBucket), []byte(id))
	})
}

// PutEndpoint keeps the endpoint, in the place of one with the same IDs.
func (s *Store) PutEndpoint(ctx context.Context, endpoint driver.Endpoint) error {
	return s.put(ctx, endpointsBucket, endpointKey(endpoint.Network, endpoint.ID), endpoint)
}

// DeleteEndpoint forgets an endpoint.
func (s *Store) DeleteEndpoint(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error {
	return s.update(ctx, func(tx *bbolt.Tx) error {
		return remove(tx.Bucket(endpointsBucket), endpointKey(network, id))
	})
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
