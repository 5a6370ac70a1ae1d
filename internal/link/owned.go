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
	links, err := m.listLinks(withoutStatistics, func(l netlink.Link) bool {
		return isBridge(l) || strings.HasPrefix(l.Attrs().Alias, m.aliasPrefix())
	})
	if err != nil {
		return nil, nil, err
	}
	names := map[int]Name{}
	for _, l := range links {
		names[l.Attrs().Index] = Name(l.Attrs().Name)
	}
	for _, l := range links {
		attributes := l.Attrs()
		switch l.(type) {
		case *netlink.Bridge:
			if b, ok := m.parseBridgeAlias(attributes.Alias); ok {
				b.Name = Name(attributes.Name)
				copy(b.MAC[:], attributes.HardwareAddr)
				bridges = append(bridges, b)
			}
		case *netlink.Veth:
			if v, ok := m.parseVethAlias(attributes.Alias); ok {
				v.Name, v.Bridge = Name(attributes.Name), names[attributes.MasterIndex]
				veths = append(veths, v)
			}
		}
	}
	return bridges, veths, nil
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
// each with who has it.
func (m *Manager) AddressesInUse(ctx context.Context) (map[netip.Addr]string, error) {
	bridges, veths, err := m.Owned(ctx)
	if err != nil {
		return nil, err
	}
	used := map[netip.Addr]string{}
	for _, b := range bridges {
		addresses, err := m.bridgeAddresses(b.Name)
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			used[a] = "bridge " + string(b.Name)
		}
	}
	for _, v := range veths {
		for _, a := range v.Addresses {
			used[a.Addr()] = fmt.Sprintf("endpoint %.12s on link %s", v.Endpoint, v.Name)
		}
	}
	return used, nil
}

// bridgeAddresses leaves out the kernel's own link-local addresses.
func (m *Manager) bridgeAddresses(name Name) ([]netip.Addr, error) {
	bridge, err := m.findBridge(name)
	if err != nil || bridge == nil {
		return nil, err
	}
	list, err := m.listAddresses(bridge)
	if err != nil {
		return nil, fmt.Errorf("bridge %s: %w", name, err)
	}
	var addresses []netip.Addr
	for _, candidate := range list {
		if prefix, ok := fromIPNet(candidate.IPNet); ok && !prefix.Addr().IsLinkLocalUnicast() {
			addresses = append(addresses, prefix.Addr())
		}
	}
	return addresses, nil
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
