package store

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"mybridge/ipam"
)

// FuzzLease wants a stored lease to be refused, or to be read so that writing it
// again gives the same bytes.
func FuzzLease(f *testing.F) {
	since := time.Unix(1_700_000_000, 0)
	for _, lease := range []ipam.Lease{
		{Address: netip.MustParseAddr("10.0.0.2"), Kind: ipam.Dynamic, Since: since},
		{Address: netip.MustParseAddr("fd00::2"), Kind: ipam.Requested, Since: since, Ended: since.Add(time.Hour), Asked: true, Name: "web"},
	} {
		value, err := writeLease(lease)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(lease.Address.AsSlice(), value)
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		var lease ipam.Lease
		if !readLease(&lease, key, value) || lease.Ended.IsZero() && value[2]&endedFlag != 0 {
			return
		}
		again, err := writeLease(lease)
		if err != nil || !bytes.Equal(again, value) || !bytes.Equal(lease.Address.AsSlice(), key) {
			t.Errorf("%x %x was read as %+v and written as %x, %v", key, value, lease, again, err)
		}
	})
}

// FuzzReservation is the same for reservations.
func FuzzReservation(f *testing.F) {
	value, err := writeReservation(ipam.Reservation{
		Address: netip.MustParseAddr("10.0.0.2"), Subnet: netip.MustParsePrefix("10.0.0.0/24"), Since: time.Unix(1_700_000_000, 0), Name: "printer",
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{10, 0, 0, 2}, value)
	f.Fuzz(func(t *testing.T, key, value []byte) {
		r, err := readReservation(key, value)
		if err != nil {
			return
		}
		again, err := writeReservation(r)
		if err != nil || !bytes.Equal(again, value) || !bytes.Equal(r.Address.AsSlice(), key) || !r.Subnet.Contains(r.Address) {
			t.Errorf("%x %x was read as %+v and written as %x, %v", key, value, r, again, err)
		}
	})
}
