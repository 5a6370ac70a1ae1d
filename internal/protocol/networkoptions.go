package protocol

import (
	"net/netip"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// Option is an option of networks or endpoints, as people read of it.
type Option struct {
	// Name is what users type.
	Name string
	// Value is the form of its value, and Meaning what it does, both in Markdown.
	Value, Meaning string
	// Default is the value that says the same as no option, empty where none does;
	// Otherwise then says what holds without the option.
	Default, Otherwise string
}

// NetworkOptions returns the options of docker network create -o that are known.
func NetworkOptions() []Option {
	var options []Option
	for _, option := range networkOptions {
		options = append(options, option.Option)
	}
	return options
}

// EndpointOptions returns the options of docker network connect --driver-opt, and of
// docker run --network name=…,driver-opt=…, that are known.
func EndpointOptions() []Option {
	return []Option{{
		Name:      optionInterfaceName,
		Value:     "a name of 2 to 15 characters that ends in `0`, as the engine numbers the names of plugins' interfaces",
		Meaning:   "what the interface is called in the container; where that name is taken there, the number is another",
		Otherwise: "the network's prefix and a number",
	}}
}

const optionInterfaceName = "com.docker.network.endpoint.ifname"

// networkOption is an option with what sets it.
type networkOption struct {
	Option
	set func(config *driver.NetworkConfig, key, value string) error
}

func optionNames(options []networkOption) []string {
	var names []string
	for _, option := range options {
		names = append(names, option.Name)
	}
	return names
}

const (
	boolValue = "`true` or `false`"
	modeValue = "`nat`, `nat-unprotected`, `routed` or `isolated`"
)

// networkOptions are those of the engine's own bridge driver, by its names, and one
// of our own.
var networkOptions = []networkOption{
	{
		Option{
			Name:      "com.docker.network.bridge.name",
			Value:     "1 to 15 letters, digits, `_`, `.` and `-`, a letter first",
			Meaning:   "name of the bridge. A bridge that is there already is used, brought up if it is down, and otherwise left as it is: no address is added, and it is never deleted",
			Otherwise: "`mb-` and the beginning of the network's ID",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.BridgeName, err = link.ParseName("option "+key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.enable_ip_masquerade", Value: boolValue, Default: "true",
			Meaning: "give what leaves the network the host's address",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.Masquerade, err = parseBool(key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.enable_icc", Value: boolValue, Default: "true",
			Meaning: "let the network's containers reach each other; `false` holds for broadcast and link-local addresses too, but not for published ports",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.NoICC, err = parseNot(key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.host_binding_ipv4", Value: "an IPv4 or IPv6 address of the host",
			Meaning: "host address of published ports that name none", Otherwise: "all addresses",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.HostBinding, err = parseBinding("option "+key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.inhibit_ipv4", Value: boolValue, Default: "false",
			Meaning: "leave the IPv4 gateway's address to somebody else",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.InhibitIPv4, err = parseBool(key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.gateway_mode_ipv4", Value: modeValue, Otherwise: "`nat`",
			Meaning: "`nat-unprotected`: containers' own addresses are reached from everywhere; `routed`: no NAT, published ports are reached at the container's own address; `isolated`: the host has no address on the bridge (with `--internal`)",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.IPv4.Mode, err = firewall.ParseMode("option "+key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.gateway_mode_ipv6", Value: modeValue, Otherwise: "`nat`",
			Meaning: "the same for IPv6",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.IPv6.Mode, err = firewall.ParseMode("option "+key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.bridge.trusted_host_interfaces", Value: "names of interfaces with colons between them, as in `eth1:wg0`",
			Meaning: "host interfaces from which published ports are also reached at the container's own address", Otherwise: "none",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.TrustedInterfaces, err = parseInterfaces(key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.host_ipv4", Value: "an IPv4 address of the host",
			Meaning: "address that packets get which leave the network", Otherwise: "that of the link they leave by",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.IPv4.Source, err = parseHostAddress(key, value, "IPv4", netip.Addr.Is4)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.host_ipv6", Value: "an IPv6 address of the host",
			Meaning: "the same for IPv6", Otherwise: "that of the link they leave by",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.IPv6.Source, err = parseHostAddress(key, value, "IPv6", netip.Addr.Is6)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.container_iface_prefix", Value: "1 to 12 characters of an interface's name, a letter first",
			Meaning: "start of the interfaces' names in containers", Otherwise: "`eth`",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.InterfacePrefix, err = parsePrefix(key, value)
			return err
		},
	},
	{
		Option{
			Name: "com.docker.network.driver.mtu", Value: "68 to 65535 bytes, with IPv6 from 1280; 0 for the default", Default: "0",
			Meaning: "MTU of the bridge and of the containers' interfaces; 0 stands for 1500",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.MTU, err = parseMTU(key, value)
			return err
		},
	},
	{
		Option{
			Name: "mybridge.antispoof", Value: boolValue, Default: "true",
			Meaning: "keep containers from using a MAC or an address that belongs to another one or to the gateway, in ARP, neighbour discovery and as source; addresses that nobody has are free, as for keepalived",
		},
		func(c *driver.NetworkConfig, key, value string) (err error) {
			c.AllowSpoofing, err = parseNot(key, value)
			return err
		},
	},
}
