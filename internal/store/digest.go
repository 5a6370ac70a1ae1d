package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// bbolt checks its heads and no other page: a bit that turned over in a record,
// or in what leads to it, is read as if it had been written. So each bucket's
// sequence number, which bbolt keeps beside the bucket's root and nobody else
// uses here, is the digest of all its records: the sum (exclusive or) of theirs.
// All writes go through put and remove, which keep it, and all that is read at a
// start through each, which checks it.

// put is the bucket's Put.
func put(bucket *bbolt.Bucket, key, value []byte) error {
	sum := bucket.Sequence() ^ digest(key, value)
	if kept := bucket.Get(key); kept != nil {
		sum ^= digest(key, kept)
	}
	if err := bucket.Put(key, value); err != nil {
		return err
	}
	return bucket.SetSequence(sum)
}

// remove is the bucket's Delete.
func remove(bucket *bbolt.Bucket, key []byte) error {
	kept := bucket.Get(key)
	if kept == nil {
		return nil
	}
	sum := bucket.Sequence() ^ digest(key, kept)
	if err := bucket.Delete(key); err != nil {
		return err
	}
	return bucket.SetSequence(sum)
}

// each calls use with every record and fails with ErrDamaged where they are not
// those that were written.
func each(bucket *bbolt.Bucket, use func(key, value []byte) error) error {
	var sum uint64
	cursor := bucket.Cursor()
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		sum ^= digest(key, value)
		if err := use(key, value); err != nil {
			return err
		}
	}
	if sum != bucket.Sequence() {
		return fmt.Errorf("%w: records are not those that were written", ErrDamaged)
	}
	return nil
}

// digest is the FNV-1a hash of a record, in which the key's length keeps it apart
// from the value. hash/fnv would allocate.
func digest(key, value []byte) uint64 {
	const prime = 1099511628211
	sum := uint64(14695981039346656037)
	sum = (sum ^ uint64(len(key))) * prime
	for _, b := range key {
		sum = (sum ^ uint64(b)) * prime
	}
	for _, b := range value {
		sum = (sum ^ uint64(b)) * prime
	}
	return sum
}
