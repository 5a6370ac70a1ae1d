package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

const (
	fileName = "state.db"
	// lockTime is how long Open waits for another process to let go of the file.
	lockTime = time.Second
	// smallestFile is what bbolt makes first: four pages, of 4 KiB or more.
	smallestFile = 4 * 4096
	// growth is by how much the file grows at once. The growth is a hole, so it
	// takes no room, but each costs a sync of the file's size.
	growth = 4 << 20
	// version is the form of the file. A file of a later one is refused.
	version = 1
)

var (
	metaBucket         = []byte("meta")
	networksBucket     = []byte("networks")
	endpointsBucket    = []byte("endpoints")
	poolsBucket        = []byte("pools")
	leasesBucket       = []byte("leases")
	reservationsBucket = []byte("reservations")
	buckets            = [][]byte{metaBucket, networksBucket, endpointsBucket, poolsBucket, leasesBucket, reservationsBucket}

	versionKey = []byte("version")
	idKey      = []byte("id")
)

// openFile opens a state file to read and write, and makes an empty one.
func openFile(path string) (*bbolt.DB, error) {
	db, err := openDB(path, &bbolt.Options{
		Timeout: lockTime,
		// The list of free pages is searched in constant time. It is written with
		// each commit, which only costs where it is long, after many leases were
		// forgotten. Left out (NoFreelistSync), bbolt would look for free pages at
		// Open in a goroutine of its own, where a damaged page ends the process.
		FreelistType: bbolt.FreelistMapType,
		// While somebody reads, the file cannot be mapped anew, and a change that
		// makes it outgrow its mapping waits for the reader: a backup, say.
		InitialMmapSize: mapping,
		NoStatistics:    true,
	})
	if err != nil {
		return nil, err
	}
	db.AllocSize = growth
	return db, nil
}

// mapping is address space, not memory. Where that is scarce the file is mapped
// as it grows.
const mapping = math.MaxInt >> 62 << 30

// openDB turns the ways in which bbolt meets a damaged file into ErrDamaged.
func openDB(path string, options *bbolt.Options) (db *bbolt.DB, err error) {
	// Where bbolt panics it lets go of neither the file nor its lock, with which
	// the state could not be set aside. To close the file is not enough: it stays
	// mapped, and with it the lock.
	var file *os.File
	options.OpenFile = func(path string, flags int, mode os.FileMode) (_ *os.File, err error) {
		file, err = os.OpenFile(path, flags, mode)
		return file, err
	}
	defer func() {
		if err != nil && file != nil {
			_ = unix.Flock(int(file.Fd()), unix.LOCK_UN) // both fail where
			_ = file.Close()                             // bbolt has closed it
		}
	}()
	defer guard(&err)()
	// bbolt meets a file that is too short for one with an error that cannot be
	// told from others, and takes an empty one for new.
	info, err := os.Stat(path)
	if err == nil && info.Size() < smallestFile && (info.Size() > 0 || options.ReadOnly) {
		return nil, fmt.Errorf("%w: it has only %d bytes", ErrDamaged, info.Size())
	}
	db, err = bbolt.Open(path, 0o600, options)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, asFull(err)
	}
	if err := checkHeads(path, db.Info().PageSize); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prepare checks the version of a file and makes what a new one lacks. A file
// that is whole is not written to, so that a full disk does not hinder a start.
func prepare(db *bbolt.DB) error {
	isNew := false
	err := view(db, func(tx *bbolt.Tx) error {
		// A file is made in one transaction: there is nothing in it, or all.
		if first, _ := tx.Cursor().First(); first == nil {
			isNew = true
			return nil
		}
		_, _, err := headOf(tx)
		return err
	})
	if err != nil || !isNew {
		return err
	}
	return asFull(makeBuckets(db))
}

func makeBuckets(db *bbolt.DB) error {
	return guarded(func() error { return db.Update(makeBucketsIn) })
}

func makeBucketsIn(tx *bbolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if meta.Get(idKey) == nil {
		if err := meta.Put(idKey, []byte(rand.Text())); err != nil {
			return err
		}
	}
	return meta.Put(versionKey, binary.BigEndian.AppendUint32(nil, version))
}

func checkVersion(meta *bbolt.Bucket) error {
	kept := meta.Get(versionKey)
	if kept == nil {
		return nil
	}
	if len(kept) != 4 {
		return fmt.Errorf("%w: its version is not a number", ErrDamaged)
	}
	if found := binary.BigEndian.Uint32(kept); found > version {
		return fmt.Errorf("state has version %d, written by a newer mybridge: this one reads up to %d", found, version)
	}
	return nil
}

// readHead reads which file it is and its last transaction.
func readHead(db *bbolt.DB) (id string, generation uint64, err error) {
	err = view(db, func(tx *bbolt.Tx) error {
		id, generation, err = headOf(tx)
		return err
	})
	return id, generation, err
}

// headOf fails where the file is no state of ours.
func headOf(tx *bbolt.Tx) (id string, generation uint64, err error) {
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return "", 0, fmt.Errorf("%w: it has no bucket %s", ErrDamaged, name)
		}
	}
	meta := tx.Bucket(metaBucket)
	return string(meta.Get(idKey)), uint64(tx.ID()), checkVersion(meta)
}

// syncDirectory makes names in the directory durable.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
