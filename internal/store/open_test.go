package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"mybridge/internal/store"
)

func TestOpenMakesDirectoryAndFile(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "a", "b")
	if store.Exists(directory) {
		t.Error("Exists is true before Open")
	}
	open(t, directory)
	if !store.Exists(directory) {
		t.Error("Exists is false after Open")
	}
	for path, want := range map[string]os.FileMode{directory: 0o700, filepath.Dir(directory): 0o700, fileOf(directory): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	t.Parallel() // it waits
	directory := t.TempDir()
	first := open(t, directory)
	_, err := store.Open(directory)
	if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), fileOf(directory)) {
		t.Errorf("second Open: got error %v, want ErrInUse and the file's name", err)
	}
	if err := first.PutNetwork(context.Background(), full); err != nil {
		t.Errorf("after the refusal the first cannot write: %v", err)
	}
}

func TestOpenWhereNoDirectoryCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(filepath.Join(file, "state")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Open below a file: got error %v, want one that names it", err)
	}
}

// writeVersion puts value in the place of the file's version.
func writeVersion(t *testing.T, directory string, value []byte) {
	t.Helper()
	damage(t, directory, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("version"), value) })
}

// TestOpenVersion checks that the file of a newer program is refused and left
// as it is.
func TestOpenVersion(t *testing.T) {
	tests := []struct {
		name  string
		value []byte
		want  error
		part  string
	}{
		{"next", binary.BigEndian.AppendUint32(nil, 2), nil, "version 2, written by a newer mybridge"},
		{"far", binary.BigEndian.AppendUint32(nil, 1<<31), nil, "version 2147483648"},
		{"no number", []byte("1"), store.ErrDamaged, "version"},
		{"empty", []byte{}, store.ErrDamaged, "version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			change(t, directory, func(s *store.Store) error { return s.PutNetwork(context.Background(), full) })
			writeVersion(t, directory, test.value)
			before := mustRead(t, fileOf(directory))
			s, err := store.Open(directory)
			if err == nil {
				t.Fatal(errors.Join(errors.New("Open took the file"), s.Close()))
			}
			if test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.part) {
				t.Errorf("got error %v, want %v naming %q", err, test.want, test.part)
			}
			if !bytes.Equal(before, mustRead(t, fileOf(directory))) {
				t.Error("the refused file was changed")
			}
			// It is not locked either: the newer program can go on with it.
			writeVersion(t, directory, binary.BigEndian.AppendUint32(nil, 1))
			open(t, directory)
		})
	}
}
