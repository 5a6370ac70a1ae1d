package driver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"mybridge/internal/link"
)

// The prefixes of the two ends of a veth pair; the rest of the names is equal.
const (
	linkPrefix = "mbv"
	peerPrefix = "mbp"
)

// peerOf is the name of the container's end.
func peerOf(name link.Name) link.Name { return peerPrefix + name[len(linkPrefix):] }

// freeName returns prefix (three characters) with the ID's first characters,
// as a person looks for it; or with those of its hash where another ID begins
// alike. The caller holds d.mu.
func (d *Driver) freeName(prefix, id string) link.Name {
	name := link.Name(prefix + short(id))
	if _, taken := d.names[name]; !taken {
		return name
	}
	sum := sha256.Sum256([]byte(id))
	return link.Name(prefix + short(hex.EncodeToString(sum[:])))
}

// claimName enters a link's name as the network's. The caller holds d.mu.
func (d *Driver) claimName(name link.Name, owner NetworkID) error {
	if other, taken := d.names[name]; taken {
		return fmt.Errorf("link name %s %w by network %s", name, ErrConflict, other.Short())
	}
	d.names[name] = owner
	return nil
}
