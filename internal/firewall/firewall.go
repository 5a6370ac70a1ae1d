// Package firewall says what a network needs of the host's packet filter. Its
// sub-packages turn that into rules, each from one function of what stands
// here, and apply them.
package firewall

import (
	"net/netip"

	"mybridge/internal/link"
)

// Network is a network as the packet filter sees it.
type Network struct {
	// ID is the engine's, for errors and logs.
	ID     string
	Bridge link.Name
	// Subnets are the network's, at most one a family. Without any the
	// network is a plain layer 2 segment, and nothing is forwarded.
	Subnets []netip.Prefix
	// Masquerade gives packets that leave the bridge the host's address.
	Masquerade bool
	// Internal lets nothing in or out of the bridge but the host itself.
	Internal bool
}
