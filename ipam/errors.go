package ipam

import (
	"errors"
	"fmt"
)

// The errors a caller can tell apart with errors.Is. Each is wrapped in a
// message that names the values concerned.
var (
	// ErrUnknownPool: the pool was never requested or has been released.
	ErrUnknownPool = errors.New("pool is not known")
	// ErrPoolExists: a pool with this ID is kept already.
	ErrPoolExists = errors.New("pool exists already")
	// ErrOverlap: the subnet overlaps one that is in use.
	ErrOverlap = errors.New("subnet overlaps another")
	// ErrNoPoolLeft: every default address pool is in use or overlaps the host's routes.
	ErrNoPoolLeft = errors.New("no address pool is left")
	// ErrTaken: the address is leased.
	ErrTaken = errors.New("address is in use")
	// ErrReserved: the address is reserved.
	ErrReserved = errors.New("address is reserved ('mybridge ipam release' frees it)")
	// ErrNotReserved: there is no reservation to release.
	ErrNotReserved = errors.New("address is not reserved")
	// ErrExhausted: no address of the pool's range is free.
	ErrExhausted = errors.New("no address is left")
	// ErrDoubtful: leases of the pool may have been lost, so it gives no dynamic
	// address until it is known which.
	ErrDoubtful = errors.New("no dynamic address is given now")
	// ErrBusy: the address is being given or released at this moment.
	ErrBusy = errors.New("address is being given or released")
	// ErrLive: an endpoint uses the address.
	ErrLive = errors.New("address is used by a live endpoint")
	// ErrOutOfPool: the address is not one that the pool can give.
	ErrOutOfPool = errors.New("address is not available in the pool")
)

// The ways of ErrOutOfPool.
var (
	errOutside          = fmt.Errorf("%w: it lies outside", ErrOutOfPool)
	errNetworkAddress   = fmt.Errorf("%w: it is the network's own", ErrOutOfPool)
	errBroadcastAddress = fmt.Errorf("%w: it is the broadcast address", ErrOutOfPool)
)
