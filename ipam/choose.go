package ipam

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gaissmai/bart"
)

// AddressPool is a block from which automatic pools are taken, in subnets of
// one size.
type AddressPool struct {
	Base netip.Prefix
	// Size is the length of each subnet, from Base's to the address's.
	Size int
}

// DefaultAddressPools are the /24s of 10.96.0.0/12: 4,096 networks, in a block
// that home routers, cloud defaults and the engine's own pools leave alone.
func DefaultAddressPools() []AddressPool {
	return []AddressPool{{Base: netip.MustParsePrefix("10.96.0.0/12"), Size: 24}}
}

// ParseAddressPool reads the engine's own syntax, base=10.96.0.0/12,size=24.
func ParseAddressPool(s string) (AddressPool, error) {
	var pool AddressPool
	var err error
	given := map[string]bool{}
	for part := range strings.SplitSeq(s, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch twice := given[key]; {
		case twice:
			err = fmt.Errorf("%s is given twice", key)
		case key == "base":
			pool.Base, err = ParseSubnet("base", value)
		case key == "size":
			pool.Size, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("%q is not known", key)
		}
		given[key] = true
		if err != nil {
			return AddressPool{}, fmt.Errorf("address pool %q: %w: the form is base=10.96.0.0/12,size=24", s, err)
		}
	}
	switch {
	case !pool.Base.IsValid():
		err = errors.New("base is missing")
	case pool.Size < pool.Base.Bits() || pool.Size > pool.Base.Addr().BitLen():
		err = fmt.Errorf("size is %d, allowed is %d to %d", pool.Size, pool.Base.Bits(), pool.Base.Addr().BitLen())
	}
	if err != nil {
		return AddressPool{}, fmt.Errorf("address pool %q: %w", s, err)
	}
	return pool, nil
}

// String is the form that ParseAddressPool reads.
func (p AddressPool) String() string { return fmt.Sprintf("base=%s,size=%d", p.Base, p.Size) }

// addDefaultAddressPools gives each family a block to take automatic pools from.
func (m *Manager) addDefaultAddressPools() {
	isIPv6 := func(p AddressPool) bool { return p.Base.Addr().Is6() }
	isIPv4 := func(p AddressPool) bool { return p.Base.Addr().Is4() }
	if !slices.ContainsFunc(m.AddressPools, isIPv4) {
		m.AddressPools = slices.Concat(m.AddressPools, DefaultAddressPools())
	}
	if !slices.ContainsFunc(m.AddressPools, isIPv6) {
		id := m.HostID
		if len(id) == 0 {
			id = m.secret
		}
		m.AddressPools = slices.Concat(m.AddressPools, []AddressPool{LocalAddressPool(id)})
	}
}

// freeSubnet returns the first automatic subnet that overlaps no pool, no
// reservation and nothing that the host uses. The engine may reject the answer
// and ask again while it holds it, so each answer is a fresh one.
func (m *Manager) freeSubnet(used *bart.Lite, ipv6 bool) (netip.Prefix, error) {
	avoid := used
	for _, r := range m.reservations {
		avoid = avoid.InsertPersist(r.Subnet)
	}
	var tried []string
	for _, pool := range m.AddressPools {
		if pool.Base.Addr().Is6() != ipv6 {
			continue
		}
		tried = append(tried, fmt.Sprintf("/%d of %s", pool.Size, pool.Base))
		if subnet, found := m.freeSubnetOf(pool, avoid); found {
			return subnet, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("%w: every %s is in use or overlaps what this host uses; give the network a subnet with --subnet",
		ErrNoPoolLeft, strings.Join(tried, ", "))
}

// freeSubnetOf returns the block's first free subnet: the one that a network had
// before is mostly what it gets when it is made again. One whose network is not
// gone yet, although its pool is, is not free. The steps are as many as what is
// in use there, however wide the block is.
func (m *Manager) freeSubnetOf(pool AddressPool, avoid *bart.Lite) (netip.Prefix, bool) {
	for a := pool.Base.Addr(); a.IsValid() && pool.Base.Contains(a); {
		subnet := netip.PrefixFrom(a, pool.Size)
		_, lingers := m.Networks.NetworkOf(subnet)
		if !lingers && !m.subnets.OverlapsPrefix(subnet) && !avoid.OverlapsPrefix(subnet) {
			return subnet, true
		}
		a = last(m.widest(subnet, avoid)).Next()
	}
	return netip.Prefix{}, false
}

// widest is the subnet itself, or what is in use and holds all of it: the search
// passes over that in one step.
func (m *Manager) widest(subnet netip.Prefix, avoid *bart.Lite) netip.Prefix {
	widest := subnet
	for holder := range m.subnets.Supernets(subnet) {
		if holder.Bits() < widest.Bits() {
			widest = holder
		}
	}
	for holder := range avoid.Supernets(subnet) {
		if holder.Bits() < widest.Bits() {
			widest = holder
		}
	}
	return widest
}

// last is the subnet's highest address.
func last(subnet netip.Prefix) netip.Addr {
	b := subnet.Addr().AsSlice()
	for i := range b {
		network := max(0, min(8, subnet.Bits()-8*i))
		b[i] |= byte(0xff) >> network
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
