package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mybridge/internal/store"
)

// TestRecover loses the file in each way, with a good backup beside it.
func TestRecover(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"gone":      os.Remove,
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"truncated": func(path string) error { return os.Truncate(path, 9000) },
		"garbage":   func(path string) error { return os.WriteFile(path, make([]byte, 65536), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			directory, want := backedUp(t)
			if err := lose(filepath.Join(directory, "state.db")); err != nil {
				t.Fatal(err)
			}
			s, loss, err := store.OpenOrRecover(directory)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if loss.Reason == "" || !loss.FromBackup || loss.WithoutBackup != nil {
				t.Errorf("the loss is %+v, want a reason and the backup", loss)
			}
			if aside := loss.Aside != ""; aside != (name != "gone") {
				t.Errorf("set aside is %q", loss.Aside)
			} else if _, err := os.Stat(loss.Aside); aside && err != nil {
				t.Error(err)
			}
			if got, err := s.Secret(t.Context()); err != nil || string(got) != string(want) {
				t.Errorf("the secret is %x, %v, want %x of the backup", got, err, want)
			}
		})
	}
}

// TestRecoverOldCopy wants the backup in the place of a file that is older.
func TestRecoverOldCopy(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "state.db")
	s, err := store.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(directory); err != nil {
		t.Fatal(err)
	}
	want, err := s.Secret(t.Context())
	if err := errors.Join(err, s.Backup(t.Context()), s.Close(), os.WriteFile(path, old, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, loss, err := store.OpenOrRecover(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !loss.FromBackup || loss.Aside == "" {
		t.Errorf("the loss is %+v, want the backup and the old file set aside", loss)
	}
	if got, err := s.Secret(t.Context()); err != nil || string(got) != string(want) {
		t.Errorf("the secret is %x, %v, want %x of the backup", got, err, want)
	}
}

// TestNothingLost wants a whole state, and no state at all, to be no loss.
func TestNothingLost(t *testing.T) {
	directory := t.TempDir()
	for range 2 {
		s, loss, err := store.OpenOrRecover(directory)
		if err != nil || loss.Reason != "" {
			t.Fatalf("got %+v, %v, want nothing lost", loss, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedBackup wants a damaged file and a damaged backup to be said, both
// kept, and a new state.
func TestDamagedBackup(t *testing.T) {
	directory, _ := backedUp(t)
	for _, name := range []string{"state.db", "state.db.backup"} {
		if err := os.WriteFile(filepath.Join(directory, name), make([]byte, 65536), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, loss, err := store.OpenOrRecover(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if loss.FromBackup || !errors.Is(loss.WithoutBackup, store.ErrDamaged) || loss.Aside == "" {
		t.Errorf("the loss is %+v, want a damaged backup", loss)
	}
}

// backedUp is a state with a secret and a backup, closed.
func backedUp(t *testing.T) (directory string, secret []byte) {
	t.Helper()
	directory = t.TempDir()
	s, err := store.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	secret, err = s.Secret(t.Context())
	if err := errors.Join(err, s.Backup(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	return directory, secret
}
