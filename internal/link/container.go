package link

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"mybridge/internal/fault"
)

// container is where a pair ends that is made again. A nil one is the engine's to
// choose, and does nothing.
type container struct {
	*sandbox
	Interface
}

// receive has the pair, which is not made yet, end in the container: made where it
// belongs, no crash leaves that end on the host.
func (c *container) receive(pair *netlink.Veth) error {
	if c == nil {
		return nil
	}
	name, err := c.freeName()
	if err != nil {
		return err
	}
	pair.PeerName, pair.PeerNamespace = string(name), netlink.NsFd(int(c.file.Fd()))
	return nil
}

// freeName returns the interface's name, or the first free one.
func (c *container) freeName() (Name, error) {
	var taken []Name
	err := c.within(func(handle *netlink.Handle) error {
		links, err := dump(handle.LinkList)
		for _, l := range links {
			taken = append(taken, Name(l.Attrs().Name))
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("listing the container's interfaces: %w", err)
	}
	name := c.Name
	for number := 0; name == "" || slices.Contains(taken, name); number++ {
		name = c.Prefix + Name(strconv.Itoa(number))
	}
	return name, nil
}

// configure gives the pair's end what the engine gave the one that was there before:
// its addresses, IPv6 only where it has any of it, and default routes.
func (c *container) configure(pair *netlink.Veth, addresses []netip.Prefix) error {
	if c == nil {
		return nil
	}
	err := c.within(func(handle *netlink.Handle) error {
		end, err := handle.LinkByName(pair.PeerName)
		if err != nil {
			return err
		}
		hasIPv6 := slices.ContainsFunc(addresses, func(a netip.Prefix) bool { return a.Addr().Is6() })
		if err := disableIPv6(Name(pair.PeerName), !hasIPv6); err != nil {
			return err
		}
		for _, address := range addresses {
			if err := addAddress(handle, end, address); err != nil {
				return err
			}
		}
		if err := handle.LinkSetUp(end); err != nil {
			return fmt.Errorf("bringing it up: %w", err)
		}
		for _, gateway := range c.Gateways {
			if err := addDefaultRoute(handle, end, gateway); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("configuring interface %s in %s: %w", pair.PeerName, c.Sandbox, err)
	}
	return fault.Point("link.veth.configured")
}

// addAddress detects no duplicates, as the engine does not: the address is leased.
func addAddress(handle *netlink.Handle, to netlink.Link, address netip.Prefix) error {
	entry := &netlink.Addr{IPNet: ipNet(address)}
	if address.Addr().Is6() {
		entry.Flags = noDuplicateAddressDetection
	}
	if err := handle.AddrAdd(to, entry); err != nil {
		return fmt.Errorf("adding address %s: %w", address, err)
	}
	return nil
}

// addDefaultRoute leaves a default route that is there the only one.
func addDefaultRoute(handle *netlink.Handle, by netlink.Link, gateway netip.Addr) error {
	family := netlink.FAMILY_V4
	if gateway.Is6() {
		family = netlink.FAMILY_V6
	}
	routes, err := dump(func() ([]netlink.Route, error) { return handle.RouteList(nil, family) })
	if err != nil {
		return fmt.Errorf("listing routes: %w", err)
	}
	isDefault := func(route netlink.Route) bool {
		prefix, ok := fromIPNet(route.Dst)
		return route.Type == unix.RTN_UNICAST && (!ok || prefix.Bits() == 0)
	}
	if slices.ContainsFunc(routes, isDefault) {
		return nil
	}
	route := &netlink.Route{LinkIndex: by.Attrs().Index, Gw: net.IP(gateway.AsSlice())}
	if err := handle.RouteAdd(route); err != nil {
		return fmt.Errorf("adding the default route by %s: %w", gateway, err)
	}
	return nil
}
