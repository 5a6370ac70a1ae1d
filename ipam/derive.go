package ipam

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// mostTries is how many derived addresses are tried: each is free with a chance
// that only an absurdly full pool makes small.
const mostTries = 64

// derive returns a free address of a range that is too wide for a bitmap, its
// host number derived as RFC 7217 derives an interface identifier: a keyed hash
// of the range, the endpoint's name and a counter of tries. The same name gets
// the same address; without a name it is random.
func (p *pool) derive(name string) (netip.Addr, bool) {
	subject := []byte(name)
	if name == "" {
		subject = make([]byte, 16)
		_, _ = rand.Read(subject) // never fails, as its documentation says
	}
	for try := range uint32(mostTries) {
		mac := hmac.New(sha256.New, p.secret)
		mac.Write([]byte(p.Range.String()))
		mac.Write([]byte{0})
		mac.Write(subject)
		mac.Write(binary.BigEndian.AppendUint32([]byte{0}, try))
		a := inRange(p.Range, mac.Sum(nil))
		if _, known := p.leases.get(a); !known && p.refusal(a) == nil && !isReservedHost(p.Subnet, a) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// inRange is the address of the range with the host bits of the hash.
func inRange(addresses netip.Prefix, hash []byte) netip.Addr {
	b := addresses.Addr().As16()
	for i := range b {
		network := max(0, min(8, addresses.Bits()-8*i))
		hostMask := byte(0xff) >> network
		b[i] = b[i]&^hostMask | hash[i]&hostMask
	}
	return netip.AddrFrom16(b)
}

// isReservedHost reports whether a is one of the host numbers that no host
// should have: 0, for the routers (RFC 4291 §2.6.1), and the highest 128, for
// anycast (RFC 2526).
func isReservedHost(subnet netip.Prefix, a netip.Addr) bool {
	if a == subnet.Addr() {
		return true
	}
	b := a.As16()
	for i := (subnet.Bits() + 7) / 8; i < 15; i++ {
		if b[i] != 0xff {
			return false
		}
	}
	if partial := subnet.Bits() % 8; partial != 0 && b[subnet.Bits()/8]|^(byte(0xff)>>partial) != 0xff {
		return false
	}
	return b[15] >= 0x80
}
