// Package ipam manages address pools and the leases in them: which pool a
// network gets, which address an endpoint gets, and that no address is ever
// given twice.
//
// Leases are the records; the bitmap that finds a free address is derived from
// them and never persisted. Every answer that gives something away is committed
// to the State before it is returned. The package touches no link, no socket
// and no file: its State and its Host are declared here and filled in elsewhere.
package ipam

import (
	"context"
	"net/netip"
	"time"
)

// PoolID names a pool to the engine: the address space and the subnet, so that
// the same request always has the same ID.
type PoolID string

// Pool is a subnet that the engine holds, and the range in it from which
// dynamic addresses are taken.
type Pool struct {
	ID     PoolID       `json:"id"`
	Subnet netip.Prefix `json:"subnet"`
	// Range lies in Subnet and equals it where no --ip-range was given.
	Range netip.Prefix `json:"range"`
	Since time.Time    `json:"since"`
}

// LeaseKind says how an address was asked for.
type LeaseKind uint8

// The kinds of lease. Their numbers are persisted.
const (
	// Dynamic is an address that we chose for an endpoint.
	Dynamic LeaseKind = 1
	// Requested is an address that the user chose: --ip or --aux-address.
	Requested LeaseKind = 2
	// Gateway is the address of the network's gateway.
	Gateway LeaseKind = 3
)

// String is the word that people see.
func (k LeaseKind) String() string {
	switch k {
	case Dynamic:
		return "dynamic"
	case Requested:
		return "requested"
	case Gateway:
		return "gateway"
	}
	return "unknown"
}

// Lease is one address given away.
type Lease struct {
	Pool    PoolID
	Address netip.Addr
	Kind    LeaseKind
	Since   time.Time
}

// Reservation keeps an address from being given to anyone until a person
// releases it, whether or not a pool that holds it exists.
type Reservation struct {
	Address netip.Addr
	// Subnet is the subnet under which the reservation is shown.
	Subnet netip.Prefix
	Since  time.Time
}

// Snapshot is all that a State keeps.
type Snapshot struct {
	Pools        []Pool
	Leases       []Lease
	Reservations []Reservation
}

// State keeps pools, leases and reservations durably: each method returns when
// its change is committed, and a change is kept whole or not at all.
//
// A State may be shared by several hosts. Then AddPool and AddLease are where
// two hosts that want the same thing meet, and the second is refused.
type State interface {
	// Load returns all that is kept, in any order.
	Load(ctx context.Context) (Snapshot, error)
	// AddPool keeps a new pool, or fails with ErrPoolExists where its ID is
	// kept (a shared State: where its subnet overlaps a kept one).
	AddPool(ctx context.Context, pool Pool) error
	// RemovePool forgets a pool and all its leases. An unknown pool is no error.
	RemovePool(ctx context.Context, id PoolID) error
	// AddLease keeps a new lease, or fails with ErrTaken where the address is
	// leased in that pool, or with ErrUnknownPool where the pool is not kept.
	AddLease(ctx context.Context, lease Lease) error
	// RemoveLease forgets a lease. An unknown lease is no error.
	RemoveLease(ctx context.Context, pool PoolID, address netip.Addr) error
	// Reserve keeps all of the reservations, replacing those of the same address.
	Reserve(ctx context.Context, reservations []Reservation) error
	// Unreserve forgets a reservation. An unknown one is no error.
	Unreserve(ctx context.Context, address netip.Addr) error
}

// Host knows what addresses this host uses otherwise.
type Host interface {
	// UsedPrefixes returns the subnets that an automatic pool must not
	// overlap: those of the host's routes and of its interface addresses.
	UsedPrefixes(ctx context.Context) ([]netip.Prefix, error)
}
