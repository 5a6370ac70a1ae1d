package link

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
)

// MAC is a unicast Ethernet address. The zero value stands for none.
type MAC [6]byte

// ParseMAC returns the unicast address that s names. The field's name goes into
// the error.
func ParseMAC(field, s string) (MAC, error) {
	hardware, err := net.ParseMAC(s)
	if err != nil || len(hardware) != len(MAC{}) {
		return MAC{}, fmt.Errorf("%s %q is not a MAC address such as 02:42:ac:11:00:02", field, s)
	}
	mac := MAC(hardware)
	if mac.IsZero() || mac[0]&1 != 0 {
		return MAC{}, fmt.Errorf("%s %q is not a unicast MAC address: its first octet must be even, and not all may be 0", field, s)
	}
	return mac, nil
}

// RandomMAC returns a locally administered unicast address (IEEE 802-2014 §8.4).
func RandomMAC() MAC {
	var mac MAC
	_, _ = rand.Read(mac[:]) // never fails, as its documentation says
	mac[0] = mac[0]&^1 | 2
	return mac
}

// DerivedMAC returns the locally administered unicast address that belongs to the
// address in the network: who has the address next has the MAC too, so neighbours
// that remember it need not learn another.
func DerivedMAC(network string, address netip.Addr) MAC {
	sum := sha256.Sum256([]byte(network + " " + address.String()))
	mac := MAC(sum[:len(MAC{})])
	mac[0] = mac[0]&^1 | 2
	return mac
}

// IsZero reports whether there is no address.
func (m MAC) IsZero() bool { return m == MAC{} }

// String is the colon form, empty where there is no address.
func (m MAC) String() string {
	if m.IsZero() {
		return ""
	}
	return m.hardware().String()
}

// MarshalText is the colon form.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the colon form.
func (m *MAC) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = MAC{}
		return nil
	}
	mac, err := ParseMAC("mac", string(text))
	*m = mac
	return err
}

func (m MAC) hardware() net.HardwareAddr { return net.HardwareAddr(m[:]) }
