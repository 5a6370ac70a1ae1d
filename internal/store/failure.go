package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// failure is the first one after which the state on disk is in doubt.
type failure struct {
	failed chan struct{}
	mu     sync.Mutex
	err    error
}

// Failed is closed when the store takes no more changes, because it is not
// known what of the last one is on disk. Err says why.
func (s *Store) Failed() <-chan struct{} { return s.failure.failed }

// Err returns nil until Failed is closed, and from then on an error that wraps
// ErrFailed and its cause.
func (s *Store) Err() error {
	s.failure.mu.Lock()
	defer s.failure.mu.Unlock()
	return s.failure.err
}

// fail ends the taking of changes.
func (s *Store) fail(cause error) error {
	s.failure.mu.Lock()
	defer s.failure.mu.Unlock()
	if s.failure.err == nil {
		s.failure.err = fmt.Errorf("%w: %w", ErrFailed, cause)
		close(s.failure.failed)
	}
	return s.failure.err
}

// judge says what a failed commit means: ErrFull or ErrReadOnly where it is certain
// that all is as before, else the end.
//
// A commit grows the file (ftruncate, fsync), writes pages that the last
// transaction does not use, syncs them, writes one of the two heads and syncs
// that (bbolt's Tx.Commit). After a failed sync the kernel may have dropped what
// it could not write and call it clean, so the next sync proves nothing: that is
// the end, as is whatever is not known here, a panic included.
//
// A write for which there is no room, or which the file system does not take any
// more, is another thing. It leaves part of the
// pages written, which nobody uses; bbolt then takes the transaction back and
// reads its list of free pages anew. If the newest valid head is still that of
// the last transaction that succeeded, which bbolt is asked here, then nothing
// has happened, whichever of the writes it was.
func (s *Store) judge(err error) error {
	refused := refusal(err)
	if refused == nil {
		return s.fail(err)
	}
	_, generation, headErr := readHead(s.db)
	if headErr != nil || generation != s.Generation() {
		return s.fail(errors.Join(err, headErr))
	}
	return fmt.Errorf("%w: %w", refused, err)
}

// refusal is why a commit was not taken before anything was synced: ErrFull,
// ErrReadOnly, or nil where it failed in another way. What tells a write from a sync is the error's form: WriteAt returns a
// PathError, fdatasync a bare number. Growing the file returns mere text, and
// begins it with what failed.
func refusal(err error) error {
	var write *fs.PathError
	if errors.As(err, &write) && write.Op == "write" {
		return refusalOf(write.Err)
	}
	_, resize, found := strings.Cut(err.Error(), "file resize error: ")
	for _, errno := range []unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.EROFS} {
		if found && strings.HasSuffix(resize, errno.Error()) {
			return refusalOf(errno)
		}
	}
	return nil
}

func refusalOf(err error) error {
	switch {
	case isFull(err):
		return ErrFull
	case errors.Is(err, unix.EROFS):
		return ErrReadOnly
	}
	return nil
}

// isFull reports whether the file system or the user's part of it is full.
func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// asFull marks an error with which nothing was lost, because there was nothing
// yet or it is a copy that was being written.
func asFull(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
