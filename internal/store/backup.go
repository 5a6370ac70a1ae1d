package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"mybridge/driver"
	"mybridge/ipam"
)

const (
	backupName = fileName + ".backup"
	// unfinishedName is a backup while it is written. There is at most one: only
	// who holds state.db's lock writes it.
	unfinishedName = backupName + ".unfinished"
)

// Backup writes a copy of the state beside it, in the place of the last one. It
// does nothing where no change was made since then. Changes go on meanwhile. A
// copy that cannot be read in full does not replace one that can.
func (s *Store) Backup(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	select {
	case s.backup <- struct{}{}:
		defer func() { <-s.backup }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// After a failed sync the file reads as if the change had been kept.
	if err := errors.Join(ctx.Err(), s.Err()); err != nil || s.backedUp == s.Generation() {
		return err
	}
	generation, err := s.replaceBackup(ctx)
	if err != nil {
		return fmt.Errorf("writing %s: %w", backupName, asFull(err))
	}
	s.backedUp = generation
	return nil
}

func (s *Store) replaceBackup(ctx context.Context) (generation uint64, err error) {
	unfinished := filepath.Join(s.directory, unfinishedName)
	defer func() {
		if err != nil {
			err = errors.Join(err, removeIfThere(unfinished))
		}
	}()
	if generation, err = s.copyTo(ctx, unfinished); err != nil {
		return 0, err
	}
	if err := viewFile(unfinished, check); err != nil {
		return 0, err
	}
	// What is read may be of a commit that is not synced yet, and so in doubt.
	if err := s.await(ctx); err != nil {
		return 0, err
	}
	if err := os.Rename(unfinished, filepath.Join(s.directory, backupName)); err != nil {
		return 0, err
	}
	return generation, syncDirectory(s.directory)
}

// KeepBackup makes a backup every interval until ctx is done, and one then.
func (s *Store) KeepBackup(ctx context.Context, interval time.Duration, report func(error)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		if err := s.Backup(context.WithoutCancel(ctx)); err != nil {
			report(err)
		}
	}
}

// copyTo writes the state of one moment to a new file and syncs it.
func (s *Store) copyTo(ctx context.Context, path string) (generation uint64, err error) {
	if err := removeIfThere(path); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var failed error
	write := func(part []byte) (int, error) {
		if failed = ctx.Err(); failed != nil {
			return 0, failed
		}
		var n int
		n, failed = file.Write(part)
		return n, failed
	}
	err = s.read(func(tx *bbolt.Tx) error {
		generation = uint64(tx.ID())
		_, err := tx.WriteTo(writerFunc(write))
		return err
	})
	if failed != nil {
		return 0, failed // bbolt passes some of them on as mere text
	}
	if err != nil {
		return 0, err
	}
	return generation, file.Sync()
}

type writerFunc func(part []byte) (int, error)

func (f writerFunc) Write(part []byte) (int, error) { return f(part) }

// beginBackups removes what a crash left of a backup, and finds out of when the
// last one is. One that cannot be read, or is of another file or of a later
// moment than this one, counts as none.
func (s *Store) beginBackups() error {
	if err := removeIfThere(filepath.Join(s.directory, unfinishedName)); err != nil {
		return err
	}
	err := viewFile(filepath.Join(s.directory, backupName), func(tx *bbolt.Tx) error {
		id, generation, err := headOf(tx)
		if err == nil && id == s.id && generation <= s.Generation() {
			s.backedUp = generation
		}
		return err
	})
	_ = err // the next backup replaces it
	return nil
}

// Copy is all that a backup holds.
type Copy struct {
	// Generation is the state's at the time of the copy.
	Generation uint64
	Addresses  ipam.Snapshot
	Networks   []driver.Network
	Endpoints  []driver.Endpoint
	// Secret is nil where there was none yet.
	Secret []byte
}

// ReadBackup reads the last backup in directory, and changes nothing. It fails
// with ErrDamaged, or fs.ErrNotExist where there is none.
func ReadBackup(directory string) (Copy, error) {
	var kept Copy
	path := filepath.Join(directory, backupName)
	err := viewFile(path, func(tx *bbolt.Tx) (err error) {
		if _, kept.Generation, err = headOf(tx); err != nil {
			return err
		}
		if kept.Secret, err = readSecret(tx); err != nil {
			return err
		}
		if kept.Addresses, err = loadAddresses(tx); err != nil {
			return err
		}
		kept.Networks, kept.Endpoints, err = loadNetworks(tx)
		return err
	})
	if err != nil {
		return Copy{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return kept, nil
}

// viewFile opens a file to read it and closes it again.
func viewFile(path string, read func(tx *bbolt.Tx) error) error {
	db, err := openDB(path, &bbolt.Options{Timeout: lockTime, ReadOnly: true, NoStatistics: true})
	if err != nil {
		return err
	}
	return errors.Join(view(db, read), db.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
