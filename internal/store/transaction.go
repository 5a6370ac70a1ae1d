package store

import (
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// errNoHead: no transaction can begin, because both heads of the open file were
// spoilt. bbolt panics then and does not let go of its locks.
var errNoHead = errors.New("both heads cannot be read")

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

// begin begins a transaction, which rollBack is to end in any case.
func begin(db *bbolt.DB, writable bool) (*bbolt.Tx, error) {
	var tx *bbolt.Tx
	err := guarded(func() (err error) {
		tx, err = db.Begin(writable)
		return err
	})
	if errors.Is(err, ErrDamaged) {
		return nil, fmt.Errorf("%w: %w", errNoHead, err)
	}
	return tx, err
}

// rollBack ends a transaction that is not committed. It is also right in the
// middle of a commit: pages given to it are then missing from the list of free
// ones until that is read again, which no transaction after it relies on.
func rollBack(tx *bbolt.Tx) {
	if tx.DB() != nil {
		_ = tx.Rollback() // fails only where it is closed
	}
}

// view reads in a transaction of its own.
func view(db *bbolt.DB, read func(tx *bbolt.Tx) error) error {
	tx, err := begin(db, false)
	if err != nil {
		return err
	}
	defer rollBack(tx)
	return guarded(func() error { return read(tx) })
}

func guarded(do func() error) (err error) {
	defer guard(&err)()
	return do()
}
