package link

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/gaissmai/bart"
	"golang.org/x/sys/unix"

	"mybridge/internal/fault"
)

const (
	netFlagUp                   = net.FlagUp
	noDuplicateAddressDetection = unix.IFA_F_NODAD
	routeTypeLocal              = unix.RTN_LOCAL
)

// The switches of Documentation/networking/ip-sysctl.rst that a network needs.
const (
	forwardingIPv4 = "/proc/sys/net/ipv4/ip_forward"
	forwardingIPv6 = "/proc/sys/net/ipv6/conf/all/forwarding"
)

// EnsureForwarding turns on the host's forwarding of IPv4 or IPv6 if it is off,
// and says so in the log.
func (m *Manager) EnsureForwarding(_ context.Context, ipv6 bool) error {
	path := forwardingIPv4
	if ipv6 {
		path = forwardingIPv6
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading whether the host forwards packets: %w", err)
	}
	if strings.TrimSpace(string(value)) != "0" {
		return nil
	}
	if err := fault.Point("link.forward"); err != nil {
		return err
	}
	if err := writeSetting(path, "1\n"); err != nil {
		return fmt.Errorf("turning on forwarding: %w", err)
	}
	m.log.WithField("sysctl", path).Warn("forwarding was off and has been turned on")
	return fault.Point("link.forwarding")
}

// nameServerFiles are where the host's name servers stand; the second has them
// where the first only names systemd-resolved's own address.
var nameServerFiles = []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}

// UsedPrefixes returns the subnets of the host's routes and addresses, the
// default routes left out, and its name servers.
func (m *Manager) UsedPrefixes(_ context.Context) (*bart.Lite, error) {
	used, err := m.used.snapshot(m)
	if err != nil {
		return nil, err
	}
	for _, path := range nameServerFiles {
		servers, err := nameServers(path)
		if err != nil {
			return nil, err
		}
		for _, server := range servers {
			used = used.InsertPersist(server)
		}
	}
	return used, nil
}

// nameServers reads the servers of a file in the form of resolv.conf(5).
func nameServers(path string) ([]netip.Prefix, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the name servers: %w", err)
	}
	var servers []netip.Prefix
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		// Who writes what is no address here has no server there.
		if address, err := netip.ParseAddr(fields[1]); err == nil {
			address = address.WithZone("").Unmap()
			servers = append(servers, netip.PrefixFrom(address, address.BitLen()))
		}
	}
	return servers, nil
}

// SubnetHolder returns the link that has an address in the gateway's subnet
// already, "" where none has: two links on one subnet would each lose packets of
// the other. A link with a wider subnet whose own address lies elsewhere is none.
func (m *Manager) SubnetHolder(_ context.Context, gateway netip.Prefix) (Name, error) {
	// The kernel's choice for a packet to the gateway, at a cost that does not
	// grow with the number of links.
	routes, err := m.handle.RouteGet(gateway.Addr().AsSlice())
	if errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for the route to %s: %w", gateway.Addr(), err)
	}
	for _, route := range routes {
		source, ok := netip.AddrFromSlice(route.Src)
		if !ok || route.Gw != nil || !gateway.Masked().Contains(source.Unmap()) {
			continue
		}
		return m.holderOf(source.Unmap())
	}
	return "", nil
}

// holderOf returns the link that has the address: the route to an address of
// the host's own names the loopback.
func (m *Manager) holderOf(address netip.Addr) (Name, error) {
	addresses, err := m.listAddresses(nil)
	if err != nil {
		return "", err
	}
	for _, candidate := range addresses {
		if prefix, ok := fromIPNet(candidate.IPNet); ok && prefix.Addr() == address {
			holder, err := m.handle.LinkByIndex(candidate.LinkIndex)
			if err != nil {
				return "", fmt.Errorf("looking for the link of %s: %w", address, err)
			}
			return Name(holder.Attrs().Name), nil
		}
	}
	return "", nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func fromIPNet(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	address, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Prefix{}, false
	}
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(address.Unmap(), ones), true
}
