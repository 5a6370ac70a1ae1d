package driver

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The words of a note: a network's settings on its own bridge, where they outlive
// the state.
const (
	noteIPv4          = "ipv4="
	noteIPv6          = "ipv6="
	noteMTU           = "mtu="
	noteInternal      = "internal"
	noteUnmasqueraded = "unmasqueraded"
	noteManaged       = "managed"
	noteNamed         = "named"
)

// note writes down what cannot be seen of the bridge itself.
func (n Network) note() string {
	var words []string
	for _, family := range []struct {
		word   string
		subnet Subnet
	}{{noteIPv4, n.IPv4}, {noteIPv6, n.IPv6}} {
		switch {
		case family.subnet.Gateway.IsValid():
			words = append(words, family.word+family.subnet.Gateway.String())
		case family.subnet.Pool.IsValid():
			words = append(words, family.word+family.subnet.Pool.String())
		}
	}
	if n.MTU != 0 {
		words = append(words, noteMTU+strconv.Itoa(n.MTU))
	}
	for _, flag := range []struct {
		word string
		set  bool
	}{{noteInternal, n.Internal}, {noteUnmasqueraded, !n.Masquerade}, {noteManaged, n.IPv4.Managed || n.IPv6.Managed}, {noteNamed, n.BridgeName != ""}} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	return strings.Join(words, " ")
}

// readNote puts the settings of a note into the network.
func (n *Network) readNote(note string) error {
	n.Masquerade = true
	managed := false
	for _, word := range strings.Fields(note) {
		var err error
		key, value, _ := strings.Cut(word, "=")
		switch key + "=" {
		case noteIPv4:
			n.IPv4, err = readSubnet(value)
		case noteIPv6:
			n.IPv6, err = readSubnet(value)
		case noteMTU:
			n.MTU, err = strconv.Atoi(value)
		case noteInternal + "=":
			n.Internal = true
		case noteUnmasqueraded + "=":
			n.Masquerade = false
		case noteManaged + "=":
			managed = true
		case noteNamed + "=":
			n.BridgeName = n.Bridge
		default:
			err = fmt.Errorf("word %q is not known", word)
		}
		if err != nil {
			return fmt.Errorf("reading the alias of bridge %s: %w", n.Bridge, err)
		}
	}
	n.IPv4.Managed = managed && n.IPv4.Pool.IsValid()
	n.IPv6.Managed = managed && n.IPv6.Pool.IsValid()
	return nil
}

// readSubnet takes a gateway with its subnet's length, or the subnet alone.
func readSubnet(s string) (Subnet, error) {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return Subnet{}, err
	}
	if prefix == prefix.Masked() {
		return Subnet{Pool: prefix}, nil
	}
	return Subnet{Pool: prefix.Masked(), Gateway: prefix}, nil
}
