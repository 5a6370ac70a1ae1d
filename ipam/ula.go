package ipam

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
)

// LocalAddressPool returns the host's block of unique local addresses (RFC
// 4193): a /48, of /64s, whose 40 bits of global ID come from what identifies
// the host, so that they are the same after a reinstallation of the plugin.
// Hosts cloned with their machine ID share a block: give them one each.
func LocalAddressPool(host []byte) AddressPool {
	mac := hmac.New(sha256.New, host)
	mac.Write([]byte("mybridge unique local addresses"))
	var b [16]byte
	b[0] = 0xfd
	copy(b[1:6], mac.Sum(nil))
	return AddressPool{Base: netip.PrefixFrom(netip.AddrFrom16(b), 48), Size: 64}
}
