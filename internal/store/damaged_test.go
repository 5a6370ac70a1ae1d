package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// openVariable names the directory that the test binary, run again, is to open.
// A fault in a mapped file ends a process, which no recover holds up.
const openVariable = "MYBRIDGE_TEST_OPEN"

func TestMain(m *testing.M) {
	directory, again := os.LookupEnv(openVariable)
	if !again {
		os.Exit(m.Run())
	}
	if err := useAll(directory); err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println("taken")
}

// useAll does what a start does, and a change.
func useAll(directory string) error {
	s, err := store.Open(directory)
	if err != nil {
		return err
	}
	ctx := context.Background()
	kept, err := s.Load(ctx)
	networks, endpoints, errNetworks := s.LoadNetworks(ctx)
	if err := errors.Join(err, errNetworks); err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Println(len(kept.Pools), len(kept.Leases), len(kept.Reservations), len(networks), len(endpoints))
	return errors.Join(s.PutNetwork(ctx, full), s.Close())
}

// startAgain runs useAll in a process of its own and returns what it printed.
func startAgain(t *testing.T, directory string) string {
	t.Helper()
	command := exec.Command(os.Args[0])
	// The race detector would let the process sleep for a second at its end.
	command.Env = append(os.Environ(), openVariable+"="+directory, "GORACE=atexit_sleep_ms=0")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("the process ended with %v:\n%.200s", err, output)
		return ""
	}
	return string(output)
}

// filled is the file of a state with many records, and some free pages.
func filled(t *testing.T) []byte {
	t.Helper()
	directory, ctx := t.TempDir(), context.Background()
	change(t, directory, func(s *store.Store) error {
		err := errors.Join(s.AddPool(ctx, web), s.PutNetwork(ctx, full))
		for n := range byte(40) {
			err = errors.Join(err, s.AddLease(ctx, ipam.Lease{Pool: web.ID, Address: addressOf(n), Kind: ipam.Dynamic, Since: moment}))
		}
		var reservations []ipam.Reservation
		for n := range byte(250) {
			reservations = append(reservations, ipam.Reservation{Address: addressOf(n), Subnet: web.Subnet, Since: moment})
		}
		return errors.Join(err, s.Reserve(ctx, reservations))
	})
	// The file ends in a hole.
	whole := bytes.TrimRight(mustRead(t, fileOf(directory)), "\x00")
	pageSize := os.Getpagesize()
	return append(whole, make([]byte, (pageSize-len(whole)%pageSize)%pageSize)...)
}

// garbage is the same on each run.
func garbage(length int) []byte {
	data := make([]byte, length)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data) // never fails, as its documentation says
	return data
}

func TestOpenDamaged(t *testing.T) {
	whole := filled(t)
	pageSize := os.Getpagesize()
	tests := map[string][]byte{
		"one byte":          {0},
		"short text":        []byte("hello\n"),
		"long text":         bytes.Repeat([]byte("this is no state\n"), 5000),
		"a page of garbage": garbage(pageSize),
		"garbage":           garbage(20 * pageSize),
		"zeros":             make([]byte, 20*pageSize),
	}
	for _, length := range []int{1, 100, pageSize - 1, pageSize, 2*pageSize - 1, 2 * pageSize, 3 * pageSize, 4 * pageSize, len(whole) / 2} {
		tests[fmt.Sprintf("truncated to %d of %d", length, len(whole))] = whole[:length]
	}
	headless := bytes.Clone(whole)
	copy(headless, garbage(2*pageSize))
	tests["garbage at the start"] = headless
	tailless := bytes.Clone(whole)
	copy(tailless[2*pageSize:], garbage(len(whole)-2*pageSize))
	tests["garbage after the start"] = tailless
	zeroed := bytes.Clone(whole)
	clear(zeroed[2*pageSize:])
	tests["zeros after the start"] = zeroed

	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			if err := os.WriteFile(fileOf(directory), data, 0o600); err != nil {
				t.Fatal(err)
			}
			output := startAgain(t, directory)
			if t.Failed() {
				return
			}
			if !strings.Contains(output, "error: ") || !strings.Contains(output, store.ErrDamaged.Error()) {
				t.Errorf("got %q, want an error with %q", output, store.ErrDamaged)
			}
			if !bytes.Equal(data, mustRead(t, fileOf(directory))) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

// TestOpenDamagedPage spoils one page of the file after the other. Where it
// matters there is an error, where it does not (a page that is free, the older
// of the two heads) all records are there. Without the newer head the last
// change, which made the reservations, may be missing.
func TestOpenDamagedPage(t *testing.T) {
	whole := filled(t)
	pageSize := os.Getpagesize()
	for page := range len(whole) / pageSize {
		for name, spoiled := range map[string][]byte{"zeros": make([]byte, pageSize), "garbage": garbage(pageSize)} {
			t.Run(fmt.Sprintf("page %d %s", page, name), func(t *testing.T) {
				t.Parallel()
				directory := t.TempDir()
				data := bytes.Clone(whole)
				copy(data[page*pageSize:], spoiled)
				if err := os.WriteFile(fileOf(directory), data, 0o600); err != nil {
					t.Fatal(err)
				}
				output := startAgain(t, directory)
				if t.Failed() || strings.Contains(output, "error: ") || strings.HasPrefix(output, "1 40 250 1 0\n") ||
					page < 2 && strings.HasPrefix(output, "1 40 0 1 0\n") {
					return
				}
				t.Errorf("got %q, want an error or all records", output)
			})
		}
	}
}

// TestOpenEmptyFile checks that a file without content is a new state.
func TestOpenEmptyFile(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(fileOf(directory), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := startAgain(t, directory), "0 0 0 0 0\ntaken\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDamagedRecord checks that a record that cannot be read is told.
func TestDamagedRecord(t *testing.T) {
	bucket := func(tx *bbolt.Tx, names ...string) *bbolt.Bucket {
		b := tx.Bucket([]byte(names[0]))
		for _, name := range names[1:] {
			b = b.Bucket([]byte(name))
		}
		return b
	}
	lease := func() []byte { return append([]byte{1, 1, 0}, make([]byte, 8)...) }
	tests := map[string]func(tx *bbolt.Tx) error{
		"network":             func(tx *bbolt.Tx) error { return bucket(tx, "networks").Put([]byte("n1"), []byte("{")) },
		"endpoint":            func(tx *bbolt.Tx) error { return bucket(tx, "endpoints").Put([]byte("n1/e1"), []byte(`{"ipv4":"no"}`)) },
		"pool":                func(tx *bbolt.Tx) error { return bucket(tx, "pools").Put([]byte(web.ID), nil) },
		"pool without leases": func(tx *bbolt.Tx) error { return bucket(tx, "leases").DeleteBucket([]byte(web.ID)) },
		"lease's address": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1}, lease())
		},
		"lease's value": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1, 0, 1}, lease()[:10])
		},
		"lease's form": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1, 0, 1}, append([]byte{2}, lease()[1:]...))
		},
		"lease's flags": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1, 0, 1}, append([]byte{1, 1, 4}, lease()[3:]...))
		},
		"lease's end": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1, 0, 1}, append([]byte{1, 1, 2}, lease()[3:]...))
		},
		"lease's name": func(tx *bbolt.Tx) error {
			return bucket(tx, "leases", string(web.ID)).Put([]byte{10, 1, 0, 1}, append(lease(), make([]byte, 256)...))
		},
		"reservation's address": func(tx *bbolt.Tx) error {
			return bucket(tx, "reservations").Put([]byte{10}, append([]byte{1, 24}, make([]byte, 8)...))
		},
		"reservation's value": func(tx *bbolt.Tx) error { return bucket(tx, "reservations").Put([]byte{10, 1, 0, 1}, nil) },
		"reservation's subnet": func(tx *bbolt.Tx) error {
			return bucket(tx, "reservations").Put([]byte{10, 1, 0, 1}, append([]byte{1, 33}, make([]byte, 8)...))
		},
		"reservation's form": func(tx *bbolt.Tx) error {
			return bucket(tx, "reservations").Put([]byte{10, 1, 0, 1}, append([]byte{2, 24}, make([]byte, 8)...))
		},
		"reservation's name": func(tx *bbolt.Tx) error {
			return bucket(tx, "reservations").Put([]byte{10, 1, 0, 1}, append([]byte{1, 24}, make([]byte, 264)...))
		},
		"secret": func(tx *bbolt.Tx) error { return bucket(tx, "meta").Put([]byte("secret"), make([]byte, 31)) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			directory, ctx := t.TempDir(), context.Background()
			change(t, directory, func(s *store.Store) error { return errors.Join(s.AddPool(ctx, web), s.PutNetwork(ctx, full)) })
			damage(t, directory, spoil)
			s := open(t, directory)
			_, err := s.Load(ctx)
			_, _, errNetworks := s.LoadNetworks(ctx)
			_, errSecret := s.Secret(ctx)
			if err := errors.Join(err, errNetworks, errSecret); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("got error %v, want ErrDamaged", err)
			}
		})
	}
}
