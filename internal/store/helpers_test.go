package store_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// fileOf is where the state is kept in directory.
func fileOf(directory string) string { return filepath.Join(directory, "state.db") }

// open opens the state and closes it at the test's end.
func open(t testing.TB, directory string) *store.Store {
	t.Helper()
	s, err := store.Open(directory)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// change opens the state, runs do and closes it: what do did is on disk.
func change(t testing.TB, directory string, do func(s *store.Store) error) {
	t.Helper()
	s, err := store.Open(directory)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := errors.Join(do(s), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// damage changes the closed state's file behind the store's back.
func damage(tb testing.TB, directory string, do func(tx *bbolt.Tx) error) {
	tb.Helper()
	db, err := bbolt.Open(fileOf(directory), 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(db.Update(do), db.Close()); err != nil {
		tb.Fatal(err)
	}
}

func poolOf(subnet, addressRange string) ipam.Pool {
	p := ipam.Pool{Subnet: netip.MustParsePrefix(subnet), Range: netip.MustParsePrefix(addressRange), Since: moment}
	p.ID = ipam.NewPoolID(ipam.LocalAddressSpace, p.Subnet)
	return p
}

func leaseOf(pool ipam.PoolID, address string, kind ipam.LeaseKind) ipam.Lease {
	return ipam.Lease{Pool: pool, Address: netip.MustParseAddr(address), Kind: kind, Since: moment}
}

// ended is the lease an hour later, given back.
func ended(lease ipam.Lease) ipam.Lease {
	lease.Ended = moment.Add(time.Hour)
	return lease
}

func reservationOf(address, subnet string) ipam.Reservation {
	return ipam.Reservation{Address: netip.MustParseAddr(address), Subnet: netip.MustParsePrefix(subnet), Since: moment}
}

// moment is a time to the second, which is what is kept.
var moment = time.Unix(1_700_000_000, 0)

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// addressOf is an address of the pool web.
func addressOf(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 0, n}) }
