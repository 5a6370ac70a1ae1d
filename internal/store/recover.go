package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Loss says how the state was lost and what there is in its place.
type Loss struct {
	// Reason is empty where nothing was lost.
	Reason string
	// Aside is where the damaged or outdated file is now; empty where there was none.
	Aside string
	// FromBackup says that the last backup stands in; else the state is empty,
	// and WithoutBackup says why.
	FromBackup    bool
	WithoutBackup error
}

// OpenOrRecover opens the state in directory. Where the file is gone, damaged or
// older than its backup, the file is set aside, and the backup takes its place
// if it can be read. Without a file and without a backup the state is new.
func OpenOrRecover(directory string) (*Store, Loss, error) {
	s, loss, err := openWhole(directory)
	if err != nil || loss.Reason == "" {
		return s, loss, err
	}
	if Exists(directory) {
		if loss.Aside, err = SetAside(directory); err != nil {
			return nil, loss, fmt.Errorf("%s: %w", loss.Reason, err)
		}
	}
	err = restoreBackup(directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrDamaged) {
		// A new, empty state would soon take the place of a backup that is good.
		return nil, loss, fmt.Errorf("%s: restoring the backup: %w", loss.Reason, asFull(err))
	}
	loss.WithoutBackup, loss.FromBackup = err, err == nil
	s, err = Open(directory)
	return s, loss, err
}

// openWhole opens a state that is whole, or says how it was lost.
func openWhole(directory string) (*Store, Loss, error) {
	info, err := os.Stat(filepath.Join(directory, fileName))
	hasBackup := isThere(filepath.Join(directory, backupName))
	switch {
	case err != nil && hasBackup:
		return nil, Loss{Reason: "the state file is gone"}, nil
	case err == nil && info.Size() == 0:
		return nil, Loss{Reason: "the state file is empty"}, nil
	}
	s, err := Open(directory)
	if err == nil {
		// Open reads little; a damaged record shows when it is read.
		err = s.view(context.Background(), check)
	}
	if errors.Is(err, ErrDamaged) {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
		return nil, Loss{Reason: err.Error()}, nil
	}
	switch {
	case err != nil && s != nil:
		return nil, Loss{}, errors.Join(err, s.Close())
	case err != nil:
		return nil, Loss{}, err
	case s.isOutdated():
		return nil, Loss{Reason: "the state file is older than its backup"}, s.Close()
	}
	return s, Loss{}, nil
}

// isOutdated reports whether the backup is of a later moment of the same state.
func (s *Store) isOutdated() bool {
	outdated := false
	err := viewFile(filepath.Join(s.directory, backupName), func(tx *bbolt.Tx) error {
		id, generation, err := headOf(tx)
		outdated = err == nil && id == s.id && generation > s.Generation()
		return err
	})
	return err == nil && outdated
}

// restoreBackup copies the backup, which is a whole state file, to where the
// state belongs. The backup stays.
func restoreBackup(directory string) (err error) {
	backup := filepath.Join(directory, backupName)
	if err := viewFile(backup, check); err != nil {
		return fmt.Errorf("reading %s: %w", backup, err)
	}
	from, err := os.Open(backup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	unfinished := filepath.Join(directory, unfinishedName)
	if err := copyFile(from, unfinished); err != nil {
		return fmt.Errorf("copying %s: %w", backup, err)
	}
	if err := os.Rename(unfinished, filepath.Join(directory, fileName)); err != nil {
		return err
	}
	return syncDirectory(directory)
}

func copyFile(from io.Reader, path string) (err error) {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Sync()
}
