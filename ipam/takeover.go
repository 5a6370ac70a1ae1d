package ipam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// Bitmaps maps a subnet to a string of 0 and 1, a character a host number from
// 1 up, 1 for taken: the file that the design we grew from kept its state in. A
// /24 has 255 characters; the last stands for the broadcast address.
type Bitmaps map[netip.Prefix]string

// widestDump is the widest subnet that is written as a string: 2^20-1 characters.
const widestDump = 12

// Dump returns the bitmaps of all IPv4 pools and reserved subnets, and which of
// them it left out: those of IPv6, those wider than a /12, and single addresses
// that are reserved outside of any pool, as host number 0 has no character.
func (m *Manager) Dump() (dumped Bitmaps, left []netip.Prefix) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	written := map[netip.Prefix][]byte{}
	bitmap := func(subnet netip.Prefix) []byte {
		if written[subnet] == nil {
			written[subnet] = []byte(strings.Repeat("0", bitmapLength(subnet)))
		}
		return written[subnet]
	}
	for _, p := range m.pools {
		if !isDumpable(p.Subnet) {
			left = append(left, p.Subnet)
			continue
		}
		b := bitmap(p.Subnet)
		p.eachTaken(func(a netip.Addr) { setTaken(b, p.Subnet, a) })
	}
	for a, r := range m.reservations {
		switch {
		case hasBitmap(r.Subnet):
			setTaken(bitmap(r.Subnet), r.Subnet, a)
		case m.holder(a) == nil:
			left = append(left, r.Subnet)
		}
	}
	dumped = Bitmaps{}
	for subnet, b := range written {
		dumped[subnet] = string(b)
	}
	slices.SortFunc(left, netip.Prefix.Compare)
	return dumped, slices.Compact(left)
}

// Load reserves every address that is taken in the bitmaps, all or none.
func (m *Manager) Load(ctx context.Context, bitmaps Bitmaps) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var reservations []Reservation
	for _, subnet := range slices.SortedFunc(maps.Keys(bitmaps), netip.Prefix.Compare) {
		for i, c := range []byte(bitmaps[subnet]) {
			if c == '1' {
				reservations = append(reservations, Reservation{Address: plus(subnet.Addr(), uint64(i)+1), Subnet: subnet, Since: now})
			}
		}
	}
	if err := m.State.Reserve(ctx, reservations); err != nil {
		return fmt.Errorf("keeping %d reservations: %w", len(reservations), err)
	}
	for _, r := range reservations {
		m.reservations[r.Address] = r
		if p := m.holder(r.Address); p != nil {
			p.reserve(r.Address)
		}
	}
	m.Log.WithFields(logrus.Fields{"subnets": len(bitmaps), "addresses": len(reservations)}).Info("bitmaps taken over")
	return nil
}

// holder is the pool in which address lies, nil where there is none.
func (m *Manager) holder(address netip.Addr) *pool {
	id, ok := m.subnets.Lookup(address)
	if !ok {
		return nil
	}
	return m.pools[id]
}

// ReadBitmaps reads the JSON form: an object from subnets to bitmap strings. It
// fails on anything else, on a subnet that is none or is named twice, and on a
// string whose length does not fit its subnet.
func ReadBitmaps(r io.Reader) (Bitmaps, error) {
	d := json.NewDecoder(r)
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, notBitmaps(err)
	}
	bitmaps := Bitmaps{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, notBitmaps(err)
		}
		var bits *string
		if err := d.Decode(&bits); err != nil {
			return nil, fmt.Errorf("subnet %q: %w", key, notBitmaps(err))
		}
		subnet, err := checkBitmap(fmt.Sprint(key), bits)
		if err != nil {
			return nil, err
		}
		if _, twice := bitmaps[subnet]; twice {
			return nil, fmt.Errorf("subnet %q is in the file twice", key)
		}
		bitmaps[subnet] = *bits
	}
	if _, err := d.Token(); err != nil {
		return nil, notBitmaps(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New(`not a bitmap file: there is more after the closing "}"`)
	}
	return bitmaps, nil
}

func notBitmaps(err error) error {
	const form = `not a bitmap file, which is one JSON object such as {"192.168.0.0/24":"1000…"}`
	if err == nil {
		return errors.New(form)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: %w", form, err)
}

// checkBitmap returns the subnet that key names if bits can be its bitmap.
func checkBitmap(key string, bits *string) (netip.Prefix, error) {
	subnet, err := ParseSubnet("subnet", key)
	switch {
	case err != nil:
		return netip.Prefix{}, err
	case !isDumpable(subnet):
		return netip.Prefix{}, fmt.Errorf("subnet %q cannot be given as a bitmap: allowed is IPv4 /%d to /32", key, widestDump)
	case bits == nil:
		return netip.Prefix{}, fmt.Errorf("subnet %q has no bitmap", key)
	case len(*bits) != bitmapLength(subnet):
		return netip.Prefix{}, fmt.Errorf("subnet %q has a bitmap of %d characters: a /%d has %d", key, len(*bits), subnet.Bits(), bitmapLength(subnet))
	}
	if at := strings.IndexFunc(*bits, func(c rune) bool { return c != '0' && c != '1' }); at >= 0 {
		return netip.Prefix{}, fmt.Errorf("subnet %q has %q at position %d of its bitmap: allowed is 0 or 1", key, (*bits)[at], at)
	}
	return subnet, nil
}

func isDumpable(subnet netip.Prefix) bool {
	return subnet.Addr().Is4() && subnet.Bits() >= widestDump
}

// hasBitmap reports whether reservations under the subnet can be written.
func hasBitmap(subnet netip.Prefix) bool { return isDumpable(subnet) && !subnet.IsSingleIP() }

// bitmapLength is the number of host numbers from 1 up.
func bitmapLength(subnet netip.Prefix) int { return 1<<hostBits(subnet) - 1 }

// setTaken writes a's character; host number 0 has none.
func setTaken(bitmap []byte, subnet netip.Prefix, a netip.Addr) {
	if n, _ := offset(subnet.Addr(), a); n > 0 {
		bitmap[n-1] = '1'
	}
}
