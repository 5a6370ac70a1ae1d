package cli

import (
	"errors"
	"net/netip"
	"strings"
)

// metricsAddress is a flag's TCP address, empty for none.
type metricsAddress struct{ address *string }

// String is the address as net.Listen takes it.
func (m metricsAddress) String() string { return *m.address }

// Type is what the help shows.
func (m metricsAddress) Type() string { return "address" }

// Set takes an address with its port, or a port on the loopback: nothing is open to
// other hosts unless it is written out.
func (m metricsAddress) Set(text string) error {
	if text == "" {
		*m.address = ""
		return nil
	}
	if strings.HasPrefix(text, ":") {
		text = "127.0.0.1" + text
	}
	address, err := netip.ParseAddrPort(text)
	if err != nil || address.Port() == 0 {
		return errors.New("allowed is an IP address with a port, as in 127.0.0.1:9323, or :9323 for the loopback")
	}
	*m.address = address.String()
	return nil
}
