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

	"github.com/gaissmai/bart"
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
	// Whole says that the pool was opened while leases of others were in doubt: that
	// doubt is not about it.
	Whole bool `json:"whole,omitempty"`
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

// Lease is one address given away, or the memory of one that was: an ended
// lease says how long the address has rested and whose it was.
type Lease struct {
	Pool    PoolID
	Address netip.Addr
	Kind    LeaseKind
	// Since is when the lease began, to the second.
	Since time.Time
	// Ended is when it was released, to the second; zero while it is held.
	Ended time.Time
	// Asked says that the address was asked for by itself (--ip) once, by this
	// holder or an earlier one.
	Asked bool
	// Name is the endpoint's, at most MaxName bytes; empty where the engine did
	// not send it (before 29.0).
	Name string
}

// MaxName is the length in bytes of the longest name that a lease keeps.
const MaxName = 255

// Reservation keeps an address from being given to anyone until a person
// releases it, whether or not a pool that holds it exists.
type Reservation struct {
	Address netip.Addr
	// Subnet is the subnet under which the reservation is shown.
	Subnet netip.Prefix
	// Since is when it was made, to the second.
	Since time.Time
	// Name is what the person who made it calls it, at most MaxName bytes.
	Name string
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
	// UpdatePool keeps the pool in the place of the one with the same ID, its
	// leases as they are. An unknown pool is no error, and stays unknown.
	UpdatePool(ctx context.Context, pool Pool) error
	// RemovePool forgets a pool and its leases, but for ended ones with a name:
	// they are still loaded, and are those of the next pool with this ID. An
	// unknown pool is no error.
	RemovePool(ctx context.Context, id PoolID) error
	// AddLease keeps a held lease in the place of an ended one or of none. It
	// fails with ErrTaken where the address is held in that pool, or with
	// ErrUnknownPool where the pool is not kept.
	AddLease(ctx context.Context, lease Lease) error
	// EndLease keeps the lease as ended, in the place of the held one. Where the
	// pool is not kept it does nothing.
	EndLease(ctx context.Context, lease Lease) error
	// ForgetLeases forgets ended leases of a pool; held and unknown ones stay as
	// they are.
	ForgetLeases(ctx context.Context, pool PoolID, addresses []netip.Addr) error
	// Doubt returns why leases may be missing, empty where none can.
	Doubt(ctx context.Context) (reason string, err error)
	// SetDoubt keeps why leases may be missing; an empty reason ends the doubt.
	SetDoubt(ctx context.Context, reason string) error
	// Secret returns 32 random bytes, the same at each call and after a restart.
	Secret(ctx context.Context) ([]byte, error)
	// Reserve keeps all of the reservations, replacing those of the same address.
	Reserve(ctx context.Context, reservations []Reservation) error
	// Unreserve forgets a reservation. An unknown one is no error.
	Unreserve(ctx context.Context, address netip.Addr) error
}

// Host knows what addresses this host uses otherwise.
type Host interface {
	// UsedPrefixes returns the subnets that an automatic pool must not
	// overlap: those of the host's routes, interface addresses and name servers.
	// The table is the caller's to read and to derive others from, not to change.
	UsedPrefixes(ctx context.Context) (*bart.Lite, error)
	// AddressesInUse returns the addresses that links of ours carry, each with
	// who has it, as a person knows them.
	AddressesInUse(ctx context.Context) (map[netip.Addr]string, error)
}

// Networks knows what uses pools and addresses.
type Networks interface {
	// NetworkOf returns who has the subnet, as a person knows them.
	NetworkOf(subnet netip.Prefix) (network string, found bool)
	// EndpointOf returns the live endpoint that has the address, as a person
	// knows it.
	EndpointOf(address netip.Addr) (endpoint string, found bool)
	// AwaitFree waits until no link that a deletion has left has the address.
	AwaitFree(ctx context.Context, address netip.Addr) error
	// EachHolding calls yield for each subnet of ours that a network has, with
	// its gateway (zero where there is none) and the addresses of its endpoints.
	EachHolding(yield func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr))
}
