package protocol

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-plugins-helpers/network"

	"mybridge/driver"
	"mybridge/internal/link"
	"mybridge/ipam"
)

// What the engine puts beside the user's options (its package netlabel).
const (
	labelGeneric    = "com.docker.network.generic"
	labelEnableIPv4 = "com.docker.network.enable_ipv4"
	labelEnableIPv6 = "com.docker.network.enable_ipv6"
	labelInternal   = "com.docker.network.internal"
	labelPortMap    = "com.docker.network.portmap"
	// Users give these two as options of a network, and the engine announces
	// addresses accordingly (engine 28).
	labelAdvertiseCount    = "com.docker.network.advertise_addr_nmsgs"
	labelAdvertiseInterval = "com.docker.network.advertise_addr_ms"
	// labelNoIPv6ToIPv4 comes with port mappings from engine 28 on.
	labelNoIPv6ToIPv4 = "com.docker.network.driver.private.no_proxy_6to4"
)

// engineEndpointLabels are sent with an endpoint by one engine or another. They
// are the engine's own business, but for the port mappings.
var engineEndpointLabels = []string{
	labelPortMap,
	labelNoIPv6ToIPv4,
	"com.docker.network.endpoint.exposedports",
	"com.docker.network.endpoint.macaddress",
	"com.docker.network.endpoint.dnsservers",
	"com.docker.network.endpoint.name",
	"com.docker.network.endpoint.sysctls",
	labelAdvertiseCount,
	labelAdvertiseInterval,
}

// parseNetwork returns the request as typed values.
func parseNetwork(r *network.CreateNetworkRequest) (driver.NetworkConfig, error) {
	config, err := parseNetworkOptions(r.Options)
	if err != nil {
		return driver.NetworkConfig{}, err
	}
	if config.ID, err = driver.ParseNetworkID(r.NetworkID); err != nil {
		return driver.NetworkConfig{}, err
	}
	if err := parseSubnets("IPv4Data", r.IPv4Data, false, &config.IPv4); err != nil {
		return driver.NetworkConfig{}, err
	}
	err = parseSubnets("IPv6Data", r.IPv6Data, true, &config.IPv6)
	return config, err
}

func parseNetworkOptions(options map[string]any) (driver.NetworkConfig, error) {
	config := driver.NetworkConfig{Masquerade: true}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		var err error
		switch value := options[key]; key {
		case labelGeneric:
			err = parseGeneric(value, &config)
		case labelInternal:
			config.Internal, err = parseBool(key, value)
		case labelEnableIPv4, labelEnableIPv6:
			// The subnets say it; the value only has to make sense.
			_, err = parseBool(key, value)
		default:
			err = unknownOption("network", key, optionNames(networkOptions))
		}
		if err != nil {
			return driver.NetworkConfig{}, err
		}
	}
	return config, nil
}

func parseGeneric(value any, config *driver.NetworkConfig) error {
	if value == nil {
		return nil
	}
	options, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("option %s is %T: allowed is an object of strings", labelGeneric, value)
	}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		value, ok := options[key].(string)
		if !ok {
			return fmt.Errorf("option %s is %v: allowed is a string", key, options[key])
		}
		if err := setNetworkOption(config, key, value); err != nil {
			return err
		}
	}
	return nil
}

func setNetworkOption(config *driver.NetworkConfig, key, value string) error {
	switch key {
	case labelEnableIPv4, labelEnableIPv6:
		_, err := parseBool(key, value)
		return err
	case labelAdvertiseCount, labelAdvertiseInterval:
		return nil // the engine's own business: it has checked them
	}
	for _, option := range networkOptions {
		if option.Name == key {
			return option.set(config, key, value)
		}
	}
	return unknownOption("network", key, optionNames(networkOptions))
}

// parseNot is the opposite of a switch that is on by default.
func parseNot(key string, value any) (bool, error) {
	on, err := parseBool(key, value)
	return !on && err == nil, err
}

// parseHostAddress takes an address that packets can come from.
func parseHostAddress(key, value, family string, isFamily func(netip.Addr) bool) (netip.Addr, error) {
	address, err := parseAddress("option "+key, value)
	if err != nil || !isFamily(address) || address.IsUnspecified() || address.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("option %s is %q: allowed is an %s address of the host", key, value, family)
	}
	return address, nil
}

// parseAddress takes an address without a zone; one of IPv4 in IPv6's form is the
// IPv4 address.
func parseAddress(field, value string) (netip.Addr, error) {
	address, err := netip.ParseAddr(value)
	if err != nil || address.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%s is %q: allowed is an IPv4 or IPv6 address", field, value)
	}
	return address.Unmap(), nil
}

// parseBinding takes an address that ports can be published on.
func parseBinding(field, value string) (netip.Addr, error) {
	address, err := parseAddress(field, value)
	if err == nil && address.IsMulticast() {
		err = fmt.Errorf("%s is %q, a multicast address: allowed is an address of the host, or 0.0.0.0 or :: for all", field, value)
	}
	return address, err
}

// parsePrefix leaves room for the number that the engine adds.
func parsePrefix(key, value string) (link.Name, error) {
	const longest = 12
	if len(value) > longest {
		return "", fmt.Errorf("option %s is %q: allowed are 1 to %d characters, as the engine adds a number", key, value, longest)
	}
	return link.ParseName("option "+key, value)
}

// parseInterfaces takes names with colons between them.
func parseInterfaces(key, value string) ([]link.Name, error) {
	var names []link.Name
	for part := range strings.SplitSeq(value, ":") {
		if part == "" {
			continue
		}
		name, err := link.ParseName("option "+key, part)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func unknownOption(kind, key string, known []string) error {
	return fmt.Errorf("%s option %q is not known: allowed are %s", kind, key, strings.Join(known, ", "))
}

func parseBool(key string, value any) (bool, error) {
	switch value := value.(type) {
	case bool:
		return value, nil
	case string:
		if parsed, err := strconv.ParseBool(value); err == nil {
			return parsed, nil
		}
	}
	return false, fmt.Errorf("option %s is %q: allowed is true or false", key, fmt.Sprint(value))
}

// parseMTU takes 0 for the kernel's default, and what IPv4 (RFC 791) and the
// kernel's links allow.
func parseMTU(key, value string) (int, error) {
	const smallest, largest = 68, 65535
	mtu, err := strconv.Atoi(value)
	if err != nil || mtu != 0 && (mtu < smallest || mtu > largest) {
		return 0, fmt.Errorf("option %s is %q: allowed is %d to %d bytes, or 0 for the default", key, value, smallest, largest)
	}
	return mtu, nil
}

// parseSubnets takes at most one subnet, as the engine's own driver does. The
// null address manager's 0.0.0.0/0 without a gateway stands for none.
func parseSubnets(field string, data []*network.IPAMData, ipv6 bool, subnet *driver.Subnet) error {
	switch {
	case len(data) == 0:
		return nil
	case len(data) > 1:
		return fmt.Errorf("%s has %d subnets: allowed is one", field, len(data))
	case data[0] == nil:
		return fmt.Errorf("%s has an empty entry", field)
	}
	pool, gateway := data[0].Pool, data[0].Gateway
	if gateway == "" && (pool == "0.0.0.0/0" || pool == "::/0") {
		return nil
	}
	var err error
	if subnet.Pool, err = ipam.ParseSubnet(field+".Pool", pool); err != nil {
		return err
	}
	if subnet.Pool.Addr().Is6() != ipv6 {
		return fmt.Errorf("%s.Pool %q is of the other address family", field, pool)
	}
	_, notOurs := ipam.ParseAddressSpace(data[0].AddressSpace)
	subnet.Managed = notOurs == nil
	subnet.Gateway, err = parseInterfaceAddress(field+".Gateway", gateway, ipv6)
	return err
}

// checkEndpointOptions refuses what would be ignored.
func checkEndpointOptions(options map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if key != optionInterfaceName && !slices.Contains(engineEndpointLabels, key) {
			return unknownOption("endpoint", key, []string{optionInterfaceName})
		}
	}
	return nil
}

// parseInterfaceName takes the name that an interface is to have in the container,
// empty where none is asked for. Engines before 29.8 number the names of plugins'
// interfaces from 0, so only one that ends so is met by all.
func parseInterfaceName(options map[string]any) (link.Name, error) {
	value, given := options[optionInterfaceName]
	if !given {
		return "", nil
	}
	text, _ := value.(string)
	if !strings.HasSuffix(text, "0") {
		return "", fmt.Errorf("endpoint option %s is %q: allowed is a name that ends in 0, as the engine numbers the names of plugins' interfaces", optionInterfaceName, fmt.Sprint(value))
	}
	return link.ParseName("endpoint option "+optionInterfaceName, text)
}
