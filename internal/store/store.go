// Package store keeps the state in one bbolt file under the state directory,
// which it makes. It is the only package that knows bbolt, and it fills in the
// State that the driver and the address manager each declare.
//
// Each method is one transaction, synced to disk before it returns.
package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	fileName = "state.db"
	// lockTime is how long Open waits for another process to let go of the file.
	lockTime = time.Second
	// smallestFile is what bbolt makes first: four pages, of 4 KiB or more.
	smallestFile = 4 * 4096
	// version is the form of the records. A file of a later one is refused.
	version = 1
)

var (
	metaBucket         = []byte("meta")
	networksBucket     = []byte("networks")
	endpointsBucket    = []byte("endpoints")
	poolsBucket        = []byte("pools")
	leasesBucket       = []byte("leases")
	reservationsBucket = []byte("reservations")

	versionKey = []byte("version")
)

// The errors a caller can tell apart with errors.Is.
var (
	// ErrInUse: another process has the state open.
	ErrInUse = errors.New("state is in use by another process")
	// ErrDamaged: the file cannot be read.
	ErrDamaged = errors.New("state is damaged")
)

// Store is an open state file.
type Store struct{ db *bbolt.DB }

// Exists reports whether directory holds a state file.
func Exists(directory string) bool {
	_, err := os.Stat(filepath.Join(directory, fileName))
	return err == nil
}

// Open opens the state file in directory, making both where they are missing.
// It fails with ErrInUse or ErrDamaged.
func Open(directory string) (*Store, error) {
	path := filepath.Join(directory, fileName)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("making the state directory: %w", err)
	}
	db, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	s := &Store{db: db}
	if err := errors.Join(s.update(prepare), syncDirectory(directory)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	return s, nil
}

func open(path string) (db *bbolt.DB, err error) {
	defer guard(&err)()
	// bbolt meets a file that is too short for one with an error that cannot be
	// told from others.
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && info.Size() < smallestFile {
		return nil, fmt.Errorf("%w: it has only %d bytes", ErrDamaged, info.Size())
	}
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTime, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return db, err
}

// guard turns the panics and memory faults with which bbolt meets damaged pages
// and a truncated file into errors. What it returns is to be deferred.
func guard(err *error) (end func()) {
	faults := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(faults)
		if cause := recover(); cause != nil {
			*err = fmt.Errorf("%w: %v", ErrDamaged, cause)
		}
	}
}

func (s *Store) view(read func(tx *bbolt.Tx) error) (err error) {
	defer guard(&err)()
	return s.db.View(read)
}

func (s *Store) update(change func(tx *bbolt.Tx) error) (err error) {
	defer guard(&err)()
	return s.db.Update(change)
}

// Close ends the use of the file.
func (s *Store) Close() error { return s.db.Close() }

// prepare makes the buckets of a new file and checks the version of an old one.
func prepare(tx *bbolt.Tx) error {
	for _, name := range [][]byte{metaBucket, networksBucket, endpointsBucket, poolsBucket, leasesBucket, reservationsBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	kept := meta.Get(versionKey)
	if kept == nil {
		return meta.Put(versionKey, binary.BigEndian.AppendUint32(nil, version))
	}
	if len(kept) != 4 {
		return fmt.Errorf("%w: its version is not a number", ErrDamaged)
	}
	if found := binary.BigEndian.Uint32(kept); found > version {
		return fmt.Errorf("state has version %d, written by a newer mybridge: this one reads up to %d", found, version)
	}
	return nil
}

// syncDirectory makes the new file's name durable.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
