package ipam

import (
	"fmt"
	"net/netip"
)

// AddressSpace is the engine's name for a set of pools. The two differ because
// the engine skips its overlap check where they are equal; on one host they
// share one address range all the same.
type AddressSpace string

// The address spaces that the engine is told of.
const (
	LocalAddressSpace  AddressSpace = "mybridge-local"
	GlobalAddressSpace AddressSpace = "mybridge-global"
)

// ParseAddressSpace accepts one of the two names.
func ParseAddressSpace(s string) (AddressSpace, error) {
	switch space := AddressSpace(s); space {
	case LocalAddressSpace, GlobalAddressSpace:
		return space, nil
	}
	return "", fmt.Errorf("address space %q is not known: allowed is %s or %s", s, LocalAddressSpace, GlobalAddressSpace)
}

// NewPoolID is the ID of the pool of subnet in space.
func NewPoolID(space AddressSpace, subnet netip.Prefix) PoolID {
	return PoolID(string(space) + "/" + subnet.String())
}
