package protocol

import (
	"fmt"
	"maps"
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
)

// The options of docker network create, as users of the engine's own bridge
// driver type them.
const (
	optionBridgeName = "com.docker.network.bridge.name"
	optionMasquerade = "com.docker.network.bridge.enable_ip_masquerade"
	optionMTU        = "com.docker.network.driver.mtu"
)

var networkOptions = []string{optionBridgeName, optionMasquerade, optionMTU}

// engineEndpointLabels are sent with an endpoint by one engine or another. They
// are the engine's own business, but for the port mappings.
var engineEndpointLabels = []string{
	labelPortMap,
	"com.docker.network.endpoint.exposedports",
	"com.docker.network.endpoint.macaddress",
	"com.docker.network.endpoint.dnsservers",
	"com.docker.network.endpoint.name",
	"com.docker.network.endpoint.sysctls",
	"com.docker.network.advertise_addr_nmsgs",
	"com.docker.network.advertise_addr_ms",
	"com.docker.network.driver.private.no_proxy_6to4",
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
	if config.IPv4, err = parseSubnets("IPv4Data", r.IPv4Data, false); err != nil {
		return driver.NetworkConfig{}, err
	}
	config.IPv6, err = parseSubnets("IPv6Data", r.IPv6Data, true)
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
			err = unknownOption("network", key, networkOptions)
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
		var err error
		switch key {
		case optionBridgeName:
			config.BridgeName, err = link.ParseName("option "+key, value)
		case optionMasquerade:
			config.Masquerade, err = parseBool(key, value)
		case optionMTU:
			config.MTU, err = parseMTU(key, value)
		default:
			err = unknownOption("network", key, networkOptions)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
func parseSubnets(field string, data []*network.IPAMData, ipv6 bool) (driver.Subnet, error) {
	switch {
	case len(data) == 0:
		return driver.Subnet{}, nil
	case len(data) > 1:
		return driver.Subnet{}, fmt.Errorf("%s has %d subnets: allowed is one", field, len(data))
	case data[0] == nil:
		return driver.Subnet{}, fmt.Errorf("%s has an empty entry", field)
	}
	pool, gateway := data[0].Pool, data[0].Gateway
	if gateway == "" && (pool == "0.0.0.0/0" || pool == "::/0") {
		return driver.Subnet{}, nil
	}
	var subnet driver.Subnet
	var err error
	if subnet.Pool, err = ipam.ParseSubnet(field+".Pool", pool); err != nil {
		return driver.Subnet{}, err
	}
	if subnet.Pool.Addr().Is6() != ipv6 {
		return driver.Subnet{}, fmt.Errorf("%s.Pool %q is of the other address family", field, pool)
	}
	_, notOurs := ipam.ParseAddressSpace(data[0].AddressSpace)
	subnet.Managed = notOurs == nil
	subnet.Gateway, err = parseInterfaceAddress(field+".Gateway", gateway, ipv6)
	return subnet, err
}

// checkEndpointOptions refuses what would be ignored.
func checkEndpointOptions(options map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(engineEndpointLabels, key) {
			return fmt.Errorf("endpoint option %q is not known: there are none to set", key)
		}
	}
	if ports, _ := options[labelPortMap].([]any); len(ports) > 0 {
		return fmt.Errorf("publishing ports is not supported yet: start the container without -p and -P (%d mappings)", len(ports))
	}
	return nil
}
