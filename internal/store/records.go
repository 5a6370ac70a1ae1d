package store

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"mybridge/ipam"
)

// Leases and reservations are small because there are many. The key is the
// address, as its 4 or 16 bytes; the value begins with its form:
//
//	lease:        form, kind, flags, since, ended (where the flag says so), name
//	reservation:  form, length of the subnet, since, name
//
// Times are seconds since 1970, in 8 bytes. The name takes what is left.
const (
	recordForm = 1
	timeSize   = 8

	askedFlag = 1 << 0
	endedFlag = 1 << 1
)

func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.Unix()))
}

// writeLease is the value of a lease, ended or held.
func writeLease(lease ipam.Lease) ([]byte, error) {
	if err := checkName(lease.Name); err != nil {
		return nil, fmt.Errorf("writing lease %s: %w", lease.Address, err)
	}
	value := make([]byte, 0, 3+2*timeSize+len(lease.Name))
	var flags byte
	if lease.Asked {
		flags |= askedFlag
	}
	if !lease.Ended.IsZero() {
		flags |= endedFlag
	}
	value = appendTime(append(value, recordForm, byte(lease.Kind), flags), lease.Since)
	if flags&endedFlag != 0 {
		value = appendTime(value, lease.Ended)
	}
	return append(value, lease.Name...), nil
}

// readFlags reads whether a lease is ended, and no more.
func readFlags(value []byte) (flags byte, ok bool) {
	if len(value) < 3+timeSize || value[0] != recordForm || value[2]&^(askedFlag|endedFlag) != 0 {
		return 0, false
	}
	return value[2], true
}

// readLease fills in all but the pool. It is written so that a million leases
// are read without one of them being copied or, unless it has a name, allocated.
func readLease(lease *ipam.Lease, key, value []byte) (ok bool) {
	flags, ok := readFlags(value)
	if !ok {
		return false
	}
	if lease.Address, ok = netip.AddrFromSlice(key); !ok {
		return false
	}
	lease.Kind, lease.Asked = ipam.LeaseKind(value[1]), flags&askedFlag != 0
	lease.Since, value = readTime(value[3:])
	if flags&endedFlag != 0 {
		if len(value) < timeSize {
			return false
		}
		lease.Ended, value = readTime(value)
	}
	lease.Name = string(value)
	return len(value) <= ipam.MaxName
}

// writeReservation is the value of a reservation.
func writeReservation(r ipam.Reservation) ([]byte, error) {
	if err := checkName(r.Name); err != nil {
		return nil, fmt.Errorf("writing reservation %s: %w", r.Address, err)
	}
	value := appendTime([]byte{recordForm, byte(r.Subnet.Bits())}, r.Since)
	return append(value, r.Name...), nil
}

func readReservation(key, value []byte) (r ipam.Reservation, err error) {
	var ok bool
	if r.Address, ok = netip.AddrFromSlice(key); !ok || len(value) < 2+timeSize || value[0] != recordForm {
		return r, fmt.Errorf("%w: reservation %x", ErrDamaged, key)
	}
	if r.Subnet, err = r.Address.Prefix(int(value[1])); err != nil {
		return r, fmt.Errorf("%w: reservation %s: %w", ErrDamaged, r.Address, err)
	}
	r.Since, value = readTime(value[2:])
	if len(value) > ipam.MaxName {
		return r, fmt.Errorf("%w: reservation %s has a name of %d bytes", ErrDamaged, r.Address, len(value))
	}
	r.Name = string(value)
	return r, nil
}

func readTime(value []byte) (t time.Time, rest []byte) {
	return time.Unix(int64(binary.BigEndian.Uint64(value)), 0), value[timeSize:]
}

func checkName(name string) error {
	if len(name) > ipam.MaxName {
		return fmt.Errorf("its name has %d bytes, at most %d are kept", len(name), ipam.MaxName)
	}
	return nil
}
