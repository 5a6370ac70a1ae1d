package driver

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// The words of a note: a network's settings on its own bridge, where they outlive
// the state. One that ends in = has a value.
const (
	noteIPv4          = "ipv4="
	noteIPv6          = "ipv6="
	noteMTU           = "mtu="
	noteInternal      = "internal"
	noteUnmasqueraded = "unmasqueraded"
	noteManaged       = "managed"
	noteNamed         = "named"
	noteNoICC         = "noicc"
	noteInhibited     = "inhibited"
	noteSpoofing      = "spoofing"
	noteMode4         = "mode4="
	noteMode6         = "mode6="
	noteSource4       = "source4="
	noteSource6       = "source6="
	noteBinding       = "binding="
	notePrefix        = "prefix="
	noteTrusted       = "trusted="
)

// noteLength is the room that a link's alias has for a note, in bytes.
const noteLength = 140

// note writes down what cannot be seen of the bridge itself, the most important
// first: what there is no room for is the default after a loss of the state, and
// the defaults are the stricter ones.
func (n Network) note() string {
	note := ""
	for _, word := range n.noteWords() {
		if longer := strings.TrimLeft(note+" "+word, " "); len(longer) <= noteLength {
			note = longer
		}
	}
	return note
}

func (n Network) noteWords() []string {
	var words []string
	flag := func(word string, set bool) {
		if set {
			words = append(words, word)
		}
	}
	value := func(word string, set bool, value any) { flag(word+fmt.Sprint(value), set) }
	value(noteIPv4, n.IPv4.Pool.IsValid(), n.IPv4.notation())
	value(noteIPv6, n.IPv6.Pool.IsValid(), n.IPv6.notation())
	flag(noteInternal, n.Internal)
	flag(noteNoICC, n.NoICC)
	flag(noteManaged, n.IPv4.Managed || n.IPv6.Managed)
	flag(noteNamed, n.BridgeName != "")
	flag(noteInhibited, n.InhibitIPv4)
	value(noteMTU, n.MTU != 0, n.MTU)
	value(noteMode4, n.IPv4.mode() != firewall.NAT, n.IPv4.Mode)
	value(noteMode6, n.IPv6.mode() != firewall.NAT, n.IPv6.Mode)
	flag(noteUnmasqueraded, !n.Masquerade)
	flag(noteSpoofing, n.AllowSpoofing)
	value(noteBinding, n.HostBinding.IsValid(), n.HostBinding)
	value(notePrefix, n.InterfacePrefix != "", n.InterfacePrefix)
	value(noteSource4, n.IPv4.Source.IsValid(), n.IPv4.Source)
	value(noteSource6, n.IPv6.Source.IsValid(), n.IPv6.Source)
	for _, name := range n.TrustedInterfaces {
		value(noteTrusted, true, name)
	}
	return words
}

// notation is the gateway with the subnet's length, or the subnet alone.
func (s Subnet) notation() netip.Prefix {
	if s.Gateway.IsValid() {
		return s.Gateway
	}
	return s.Pool
}

// readNote puts the settings of a note into the network.
func (n *Network) readNote(note string) error {
	n.Masquerade = true
	managed := false
	for _, word := range strings.Fields(note) {
		var err error
		key, value, valued := strings.Cut(word, "=")
		if valued {
			key += "="
		}
		switch key {
		case noteIPv4:
			err = n.IPv4.readNotation(value)
		case noteIPv6:
			err = n.IPv6.readNotation(value)
		case noteMTU:
			n.MTU, err = strconv.Atoi(value)
		case noteInternal:
			n.Internal = true
		case noteNoICC:
			n.NoICC = true
		case noteUnmasqueraded:
			n.Masquerade = false
		case noteManaged:
			managed = true
		case noteNamed:
			n.BridgeName = n.Bridge
		case noteInhibited:
			n.InhibitIPv4 = true
		case noteSpoofing:
			n.AllowSpoofing = true
		case noteMode4:
			n.IPv4.Mode, err = firewall.ParseMode("mode", value)
		case noteMode6:
			n.IPv6.Mode, err = firewall.ParseMode("mode", value)
		case noteSource4:
			n.IPv4.Source, err = netip.ParseAddr(value)
		case noteSource6:
			n.IPv6.Source, err = netip.ParseAddr(value)
		case noteBinding:
			n.HostBinding, err = netip.ParseAddr(value)
		case notePrefix:
			n.InterfacePrefix, err = link.ParseName("prefix", value)
		case noteTrusted:
			var name link.Name
			name, err = link.ParseName("trusted", value)
			n.TrustedInterfaces = append(n.TrustedInterfaces, name)
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

// readNotation takes a gateway with its subnet's length, or the subnet alone.
func (s *Subnet) readNotation(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return err
	}
	s.Pool = prefix.Masked()
	if prefix != s.Pool {
		s.Gateway = prefix
	}
	return nil
}
