package link

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"

	"mybridge/internal/fault"
)

// ipv6Settings holds a directory for each link, where the kernel has IPv6
// (Documentation/networking/ip-sysctl.rst).
const ipv6Settings = "/proc/sys/net/ipv6/conf"

// setBridgeIPv6 turns IPv6 off on a bridge that has no IPv6 address to have, so
// that nobody reaches the host by one that nobody asked for (CVE-2024-32473), and
// lets no router advertisement in that a container may send (CVE-2020-13401).
func setBridgeIPv6(b Bridge) error {
	if err := setIPv6(b.Name, "accept_ra", false); err != nil {
		return err
	}
	if err := fault.Point("link.bridge.accept_ra"); err != nil {
		return err
	}
	hasIPv6 := slices.ContainsFunc(b.Gateways, func(gateway netip.Prefix) bool { return gateway.Addr().Is6() })
	if err := disableIPv6(b.Name, !hasIPv6); err != nil {
		return err
	}
	return fault.Point("link.bridge.disable_ipv6")
}

func disableIPv6(name Name, off bool) error { return setIPv6(name, "disable_ipv6", off) }

// setIPv6 writes an IPv6 setting of a link. Where there is none, the kernel has no
// IPv6, or the link's MTU is below what IPv6 needs (RFC 8200 §5): there is nothing
// to turn off.
func setIPv6(name Name, setting string, on bool) error {
	value := "0\n"
	if on {
		value = "1\n"
	}
	err := writeSetting(filepath.Join(ipv6Settings, string(name), setting), value)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("setting %s of link %s: %w", setting, name, err)
	}
	return nil
}
