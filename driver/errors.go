package driver

import "errors"

// The errors a caller can tell apart with errors.Is. Each is wrapped in a
// message that names the values concerned.
var (
	// ErrUnknownNetwork: no such network was created, or it is deleted.
	ErrUnknownNetwork = errors.New("network is not known")
	// ErrUnknownEndpoint: no such endpoint was created, or it is deleted.
	ErrUnknownEndpoint = errors.New("endpoint is not known")
	// ErrExists: the ID is taken by something that differs from what is asked for.
	ErrExists = errors.New("exists already with other settings")
	// ErrConflict: another network or endpoint has the subnet, bridge, address or link.
	ErrConflict = errors.New("is in use")
	// ErrFull: the network has as many endpoints as its bridge can have.
	ErrFull = errors.New("is full")
	// ErrInvalid: the values given contradict each other.
	ErrInvalid = errors.New("is not possible")
)

// isUnknown reports whether what a call is about is not there, or no more: for a
// deletion all is done then.
func isUnknown(err error) bool {
	return errors.Is(err, ErrUnknownNetwork) || errors.Is(err, ErrUnknownEndpoint)
}
