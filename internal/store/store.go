// Package store keeps the state in one bbolt file under the state directory. It
// is the only package that knows bbolt, and it fills in the State that the
// driver and the address manager each declare.
//
// It may touch the state directory, which it makes, and in it nothing but
// state.db, the copy state.db.backup and what is set aside as
// state.db.damaged-…. It knows no link, no socket and no other package's files.
//
// A change returns when it is synced to disk. Changes that are asked for at the
// same time share a transaction and its syncs.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"mybridge/driver"
	"mybridge/ipam"
)

var (
	_ ipam.State   = (*Store)(nil)
	_ driver.State = (*Store)(nil)
)

// The errors a caller can tell apart with errors.Is.
var (
	// ErrInUse: another process has the state open.
	ErrInUse = errors.New("state is in use by another process")
	// ErrDamaged: the file cannot be read.
	ErrDamaged = errors.New("state is damaged")
	// ErrFull: the change was not made for want of room. Nothing is lost, and
	// changes work again when there is room.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly: the change was not made, as the file system is mounted read-only
	// by now. Nothing is lost, and changes work again when it is not.
	ErrReadOnly = errors.New("the disk is read-only")
	// ErrFailed: a write failed in a way that leaves open what is on disk. No
	// change is taken any more; the state is to be opened anew.
	ErrFailed = errors.New("writing the state failed")
	// ErrClosed: the call came after Close.
	ErrClosed = errors.New("state is closed")
)

// Store is an open state file. Its methods may be called concurrently.
type Store struct {
	directory string
	db        *bbolt.DB
	// id tells this file from one made after it was set aside.
	id string
	// generation is the last committed transaction's.
	generation atomic.Uint64

	// changes is received from by the committer alone.
	changes chan change
	failure failure

	// backup holds a token while a copy is made, and guards backedUp: the
	// generation of the newest copy, 0 where there is none of this file.
	backup   chan struct{}
	backedUp uint64

	// mu guards closed; calls are those that came before it was set.
	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
	// committer is the goroutine that commits.
	committer sync.WaitGroup
}

// Exists reports whether directory holds a state file.
func Exists(directory string) bool { return isThere(filepath.Join(directory, fileName)) }

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Open opens the state file in directory, making both where they are missing. A
// file that is there is not written to. It fails with ErrInUse, ErrDamaged or,
// where the file is to be made, ErrFull.
func Open(directory string) (*Store, error) {
	path := filepath.Join(directory, fileName)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("making the state directory: %w", asFull(err))
	}
	db, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	s := &Store{
		directory: directory, db: db,
		changes: make(chan change),
		failure: failure{failed: make(chan struct{})},
		backup:  make(chan struct{}, 1),
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	s.committer.Go(s.commitChanges)
	return s, nil
}

// begin readies a file just opened.
func (s *Store) begin() error {
	if err := prepare(s.db); err != nil {
		return err
	}
	id, generation, err := readHead(s.db)
	if err != nil {
		return err
	}
	s.id = id
	s.generation.Store(generation)
	if err := s.beginBackups(); err != nil {
		return err
	}
	return syncDirectory(s.directory)
}

// Generation is the number of the last committed transaction. Of two copies of
// one file, the higher one is the newer; a file made anew starts low again.
func (s *Store) Generation() uint64 { return s.generation.Load() }

// Close ends the use of the file when all calls that are under way have their
// answer. Calls that come later fail with ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	s.calls.Wait()
	// Nobody sends any more: each sender was a call.
	close(s.changes)
	s.committer.Wait()
	if err := s.Err(); errors.Is(err, errNoHead) {
		return err // bbolt's Close would wait for its locks for ever
	}
	return s.db.Close()
}

// enter begins a call, which leave ends, or fails with ErrClosed.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.calls.Add(1)
	return nil
}

func (s *Store) leave() { s.calls.Done() }

// view reads; it waits for no change.
func (s *Store) view(ctx context.Context, read func(tx *bbolt.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.read(read)
}

// read reads in a transaction of its own. After errNoHead it does not try again:
// bbolt would wait for its own lock.
func (s *Store) read(read func(tx *bbolt.Tx) error) error {
	if err := s.Err(); errors.Is(err, errNoHead) {
		return err
	}
	err := view(s.db, read)
	if errors.Is(err, errNoHead) {
		return s.fail(err)
	}
	return err
}
