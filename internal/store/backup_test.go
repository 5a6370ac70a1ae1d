package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"mybridge/internal/store"
	"mybridge/ipam"
)

func backupOf(directory string) string { return filepath.Join(directory, "state.db.backup") }

func filesIn(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// stepContext calls step each time its end is asked for.
type stepContext struct {
	context.Context
	step func() error
}

func (c stepContext) Err() error { return c.step() }

func TestBackup(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	held, reserved := leaseOf(web.ID, "10.1.0.1", ipam.Dynamic), reservationOf("10.1.0.7", "10.1.0.0/24")
	held.Name, reserved.Name = "web-1", "the printer"
	s := open(t, directory)
	if _, err := store.ReadBackup(directory); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first: got error %v, want fs.ErrNotExist", err)
	}
	secret, err := s.Secret(ctx)
	if err := errors.Join(err, s.AddPool(ctx, web), s.AddLease(ctx, held), s.Reserve(ctx, []ipam.Reservation{reserved}),
		s.PutNetwork(ctx, full), s.PutEndpoint(ctx, endpointOf("n1", "e1")), s.Backup(ctx)); err != nil {
		t.Fatal(err)
	}
	got, err := store.ReadBackup(directory)
	if err != nil {
		t.Fatal(err)
	}
	want := store.Copy{Generation: s.Generation(), Secret: secret}
	want.Addresses, err = s.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if want.Networks, want.Endpoints, err = s.LoadNetworks(ctx); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || len(got.Addresses.Leases) != 1 || len(got.Endpoints) != 1 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	info, err := os.Stat(backupOf(directory))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v and error %v, want 0600", info.Mode(), err)
	}
	if names := filesIn(t, directory); !slices.Equal(names, []string{"state.db", "state.db.backup"}) {
		t.Errorf("the directory holds %v", names)
	}
}

// TestBackupOnlyOfChanges checks that none is made where nothing changed, also
// after a restart.
func TestBackupOnlyOfChanges(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	isNew := func(do func(s *store.Store) error) bool {
		t.Helper()
		before, _ := os.Stat(backupOf(directory)) // nil at first
		change(t, directory, func(s *store.Store) error { return errors.Join(do(s), s.Backup(ctx), s.Backup(ctx)) })
		after, err := os.Stat(backupOf(directory))
		if err != nil {
			t.Fatal(err)
		}
		return before == nil || !os.SameFile(before, after)
	}
	nothing := func(*store.Store) error { return nil }
	put := func(s *store.Store) error { return s.PutNetwork(ctx, full) }
	for i, step := range []struct {
		do   func(s *store.Store) error
		want bool
	}{{nothing, true}, {nothing, false}, {put, true}, {nothing, false}} {
		if got := isNew(step.do); got != step.want {
			t.Errorf("step %d: a new backup: %v, want %v", i, got, step.want)
		}
	}
	// The file that was set aside had as many changes as the new one has.
	if _, err := store.SetAside(directory); err != nil {
		t.Fatal(err)
	}
	change(t, directory, put)
	if !isNew(nothing) {
		t.Error("the backup of another file was taken for one of this")
	}
	// A backup that cannot be read is none.
	if err := os.Truncate(backupOf(directory), 100); err != nil {
		t.Fatal(err)
	}
	if !isNew(nothing) {
		t.Error("a damaged backup was kept")
	}
}

// TestBackupInterrupted ends the making of a backup at every moment at which it
// can be ended, and once lets changes be made at these moments.
func TestBackupInterrupted(t *testing.T) {
	t.Parallel()
	directory, ctx := t.TempDir(), context.Background()
	s := open(t, directory)
	if err := errors.Join(putLarge(s, 600<<10), s.Backup(ctx), s.PutNetwork(ctx, full)); err != nil {
		t.Fatal(err)
	}
	former := mustRead(t, backupOf(directory))
	steps := 0
	for last := false; !last; steps++ {
		calls := 0
		err := s.Backup(stepContext{ctx, func() error {
			if calls++; calls > steps {
				return context.Canceled
			}
			return nil
		}})
		last = err == nil
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if last == bytes.Equal(former, mustRead(t, backupOf(directory))) {
			t.Fatalf("ended after %d steps with error %v: the former backup is there: %v", steps, err, last)
		}
		if names := filesIn(t, directory); len(names) != 2 {
			t.Fatalf("ended after %d steps: the directory holds %v", steps, names)
		}
	}
	if steps < 20 {
		t.Errorf("the backup had only %d steps", steps)
	}
}

func TestBackupWhileChangesGoOn(t *testing.T) {
	t.Parallel()
	directory, ctx := t.TempDir(), context.Background()
	s := open(t, directory)
	if err := errors.Join(s.AddPool(ctx, web), putLarge(s, 1<<20)); err != nil {
		t.Fatal(err)
	}
	var made byte
	err := s.Backup(stepContext{ctx, func() error {
		made++
		if made == 10 {
			return putLarge(s, 5<<20) // the file grows
		}
		return s.AddLease(ctx, ipam.Lease{Pool: web.ID, Address: addressOf(made), Kind: ipam.Dynamic, Since: moment})
	}})
	if err != nil || made < 20 {
		t.Fatalf("got error %v after %d changes", err, made)
	}
	first, err := store.ReadBackup(directory)
	if err != nil || len(first.Addresses.Leases) >= int(made)-2 || first.Generation >= s.Generation() {
		t.Errorf("got %d of %d leases, generation %d of %d and error %v, want a former moment",
			len(first.Addresses.Leases), made-1, first.Generation, s.Generation(), err)
	}
	// What came meanwhile is in the next.
	if err := s.Backup(ctx); err != nil {
		t.Fatal(err)
	}
	second, err := store.ReadBackup(directory)
	if err != nil || len(second.Addresses.Leases) != int(made)-1 || second.Generation != s.Generation() {
		t.Errorf("the next: got %d leases, generation %d and error %v, want %d, %d and none",
			len(second.Addresses.Leases), second.Generation, err, made-1, s.Generation())
	}
}

// TestBackupOfDamaged checks that a state that cannot be read does not replace
// a copy that can.
func TestBackupOfDamaged(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	change(t, directory, func(s *store.Store) error { return errors.Join(s.PutNetwork(ctx, full), s.Backup(ctx)) })
	damage(t, directory, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("networks")).Put([]byte("n2"), []byte("{")) })
	change(t, directory, func(s *store.Store) error {
		if err := s.Backup(ctx); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("got error %v, want ErrDamaged", err)
		}
		return nil
	})
	got, err := store.ReadBackup(directory)
	if err != nil || len(got.Networks) != 1 {
		t.Errorf("got %v and error %v, want the former backup", got, err)
	}
}

func TestReadDamagedBackup(t *testing.T) {
	whole := filled(t)
	pageSize := os.Getpagesize()
	tests := map[string][]byte{
		"empty": {}, "one byte": {0}, "zeros": make([]byte, 20*pageSize), "garbage": garbage(20 * pageSize),
		"half": whole[:len(whole)/2], "heads": append(bytes.Clone(whole[:2*pageSize]), garbage(len(whole)-2*pageSize)...),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			if err := os.WriteFile(backupOf(directory), data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.ReadBackup(directory); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("got error %v, want ErrDamaged", err)
			}
			if !bytes.Equal(data, mustRead(t, backupOf(directory))) {
				t.Error("the backup was changed")
			}
		})
	}
}

// TestStaleBackup checks that what a crash left of a backup is removed.
func TestStaleBackup(t *testing.T) {
	directory := t.TempDir()
	stale := backupOf(directory) + ".unfinished"
	if err := os.WriteFile(stale, garbage(5000), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, directory)
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory holds %s", strings.Join(filesIn(t, directory), " "))
	}
}
