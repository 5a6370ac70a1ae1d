package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"go.etcd.io/bbolt"

	"mybridge/internal/fault"
)

// maxGroup bounds how many changes share a transaction, and with it how long
// each waits for the others.
const maxGroup = 256

// change is what one caller wants written. Its function may be called several
// times, each time in a transaction that knows nothing of the time before.
type change struct {
	apply func(tx *bbolt.Tx) error
	// done takes the answer without anybody waiting for it.
	done chan error
}

// update makes one change, together with others that wait at the same time. It
// fails with ctx's error where that ends before the change's turn comes: then
// the change is not made. Once its turn has come its outcome is waited for.
func (s *Store) update(ctx context.Context, apply func(tx *bbolt.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.submit(ctx, apply)
}

// submit is update within a call.
func (s *Store) submit(ctx context.Context, apply func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := change{apply: apply, done: make(chan error, 1)}
	// The channel has no buffer, so what is sent has been picked up.
	select {
	case s.changes <- c:
		return <-c.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errNothing = errors.New("nothing to change")

// await returns when the commit under way, if any, has its outcome.
func (s *Store) await(ctx context.Context) error {
	err := s.submit(ctx, func(*bbolt.Tx) error { return errNothing })
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// commitChanges is the committer: all changes pass through it.
func (s *Store) commitChanges() {
	for first := range s.changes {
		s.commit(s.gather(first))
	}
}

// gather returns first and what else is waiting. It waits for nothing, but lets
// those run who were answered just now: they often have the next change at hand,
// which otherwise would miss this transaction by a moment.
func (s *Store) gather(first change) []change {
	group := []change{first}
	runtime.Gosched()
	for len(group) < maxGroup {
		select {
		case next, open := <-s.changes:
			if !open {
				return group
			}
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// commit makes the changes of a group in one transaction and answers each.
//
// bbolt takes a transaction back whole or not at all. So when a change's function
// fails, whatever it wrote until then, the transaction is taken back, the change
// gets its error, and the others are made anew without it. They cannot notice:
// what they did the first time is gone, and they were made at the same time, in
// no promised order.
func (s *Store) commit(group []change) {
	for len(group) > 0 {
		if err := s.Err(); err != nil {
			answer(group, err)
			return
		}
		refused, err := s.attempt(group)
		if refused < 0 {
			answer(group, err)
			return
		}
		group[refused].done <- err
		group = slices.Delete(group, refused, refused+1)
	}
}

func answer(group []change, err error) {
	for _, c := range group {
		c.done <- err
	}
}

// attempt makes the group's changes in one transaction. Where one of them fails
// nothing is written, and it returns which and its error; refused is -1 where
// the answer is everyone's.
func (s *Store) attempt(group []change) (refused int, err error) {
	tx, err := begin(s.db, true)
	if err != nil {
		return -1, s.fail(err) // no head can be read, or the file is not mapped
	}
	// A transaction that is left open would lock the file for good.
	defer rollBack(tx)
	for i, c := range group {
		if err := guarded(func() error { return c.apply(tx) }); err != nil {
			return i, err
		}
	}
	if err := fault.Point("store.commit"); err != nil {
		return -1, err
	}
	generation := uint64(tx.ID())
	if err := commitTx(tx); err != nil {
		return -1, s.judge(err)
	}
	if err := fault.Point("store.committed"); err != nil {
		return -1, s.fail(err)
	}
	s.generation.Store(generation)
	return -1, nil
}

// commitTx commits. A panic in it is no change's: it comes of a page that the
// changes next to it make bbolt read, or of taking a failed commit back.
func commitTx(tx *bbolt.Tx) error {
	if err := guarded(tx.Commit); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
