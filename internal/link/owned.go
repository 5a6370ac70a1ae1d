package link

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
)

// OwnedBridge is a bridge of ours as its alias tells.
type OwnedBridge struct {
	Name    Name
	MAC     MAC
	Network string
	// Note is what was given as the bridge's Note.
	Note string
}

// OwnedVeth is the bridge's end of a veth pair of ours as its alias tells.
type OwnedVeth struct {
	Name      Name
	Bridge    Name
	Network   string
	Endpoint  string
	Addresses []netip.Prefix
}

// mostDumps is how often a list of links is asked for that changes meanwhile.
const mostDumps = 20

// Owned returns the links that this instance made and that are complete.
func (m *Manager) Owned(_ context.Context) (bridges []OwnedBridge, veths []OwnedVeth, err error) {
	links, err := m.listOwned()
	if err != nil {
		return nil, nil, err
	}
	names := map[int]Name{}
	for _, l := range links {
		names[l.Attrs().Index] = Name(l.Attrs().Name)
	}
	for _, l := range links {
		if b, ok := m.ownedBridge(l); ok {
			bridges = append(bridges, b)
		}
		if v, ok := m.ownedVeth(l); ok {
			v.Bridge = names[l.Attrs().MasterIndex]
			veths = append(veths, v)
		}
	}
	return bridges, veths, nil
}

// listOwned lists the links of this instance, and all bridges: a pair of ours may be
// on one of somebody else's.
func (m *Manager) listOwned() ([]netlink.Link, error) {
	return m.listLinks(withoutStatistics, func(l netlink.Link) bool {
		return isBridge(l) || strings.HasPrefix(l.Attrs().Alias, m.aliasPrefix())
	})
}

func (m *Manager) ownedBridge(l netlink.Link) (OwnedBridge, bool) {
	b, ok := m.parseBridgeAlias(l.Attrs().Alias)
	b.Name = Name(l.Attrs().Name)
	copy(b.MAC[:], l.Attrs().HardwareAddr)
	return b, ok && isBridge(l)
}

func (m *Manager) ownedVeth(l netlink.Link) (OwnedVeth, bool) {
	v, ok := m.parseVethAlias(l.Attrs().Alias)
	v.Name = Name(l.Attrs().Name)
	return v, ok && isVeth(l)
}

// dump repeats a list of the kernel's that it says was interrupted by a change.
func dump[Entry any](list func() ([]Entry, error)) (entries []Entry, err error) {
	for range mostDumps {
		if entries, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return entries, err
}

// listAddresses lists those of the link, and with nil those of all links.
func (m *Manager) listAddresses(of netlink.Link) ([]netlink.Addr, error) {
	addresses, err := dump(func() ([]netlink.Addr, error) { return m.handle.AddrList(of, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("listing addresses: %w", err)
	}
	return addresses, nil
}

// AddressesInUse returns the addresses of this instance's endpoints and bridges,
// each with who has it. The kernel's own link-local addresses are left out.
func (m *Manager) AddressesInUse(_ context.Context) (map[netip.Addr]string, error) {
	links, err := m.listOwned()
	if err != nil {
		return nil, err
	}
	addresses, err := m.addressesByLink()
	if err != nil {
		return nil, err
	}
	used := map[netip.Addr]string{}
	for _, l := range links {
		if b, ok := m.ownedBridge(l); ok {
			for _, a := range addresses[l.Attrs().Index] {
				if !a.Addr().IsLinkLocalUnicast() {
					used[a.Addr()] = "bridge " + string(b.Name)
				}
			}
		}
		if v, ok := m.ownedVeth(l); ok {
			for _, a := range v.Addresses {
				used[a.Addr()] = fmt.Sprintf("endpoint %.12s on link %s", v.Endpoint, v.Name)
			}
		}
	}
	return used, nil
}

// parseBridgeAlias takes an alias of this instance apart.
func (m *Manager) parseBridgeAlias(alias string) (OwnedBridge, bool) {
	words, ours := strings.CutPrefix(alias, m.aliasPrefix())
	if !ours {
		return OwnedBridge{}, false
	}
	first, note, _ := strings.Cut(words, " ")
	network, ok := strings.CutPrefix(first, "network=")
	return OwnedBridge{Network: network, Note: note}, ok
}

// parseVethAlias takes an alias of this instance apart.
func (m *Manager) parseVethAlias(alias string) (OwnedVeth, bool) {
	words, ours := strings.CutPrefix(alias, m.aliasPrefix())
	fields := strings.Fields(words)
	if !ours || len(fields) < 2 {
		return OwnedVeth{}, false
	}
	var v OwnedVeth
	var isNetwork, isEndpoint bool
	v.Network, isNetwork = strings.CutPrefix(fields[0], "network=")
	v.Endpoint, isEndpoint = strings.CutPrefix(fields[1], "endpoint=")
	for _, field := range fields[2:] {
		address, err := netip.ParsePrefix(field)
		if err != nil {
			return OwnedVeth{}, false
		}
		v.Addresses = append(v.Addresses, address)
	}
	return v, isNetwork && isEndpoint
}
