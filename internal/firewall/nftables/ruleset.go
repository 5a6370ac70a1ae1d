package nftables

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// table is the fixed part of one of our tables.
type table struct {
	family nftables.TableFamily
	sets   []*set
	chains []chain
}

// set is a set, or a map where it has values. There is one of each, so that
// pointers to it tell sets apart.
type set struct {
	family  nftables.TableFamily
	name    string
	comment string
	key     nftables.SetDatatype
	// value is zero for a set.
	value    nftables.SetDatatype
	interval bool
}

// keyByteOrder is only for nft, which lists interface names as nothing without it.
func (s *set) keyByteOrder() binaryutil.ByteOrder {
	if s.key == ifname {
		return binaryutil.NativeEndian
	}
	return nil
}

func (s *set) to(value ...nftables.SetDatatype) *set {
	s.value = concatenation(value)
	return s
}

func (s *set) ofIntervals() *set {
	s.interval = true
	return s
}

// concatenation is a type of several parts, or the single one: only in several is
// each filled up to whole registers.
func concatenation(types []nftables.SetDatatype) nftables.SetDatatype {
	if len(types) == 1 {
		return types[0]
	}
	return nftables.MustConcatSetType(types...)
}

// pair is two sets of one meaning, as the families' addresses differ in length.
type pair struct{ ipv4, ipv6 *set }

func (p pair) of(address netip.Addr) *set {
	if address.Is4() {
		return p.ipv4
	}
	return p.ipv6
}

// chain is a chain with its rules, called by the kernel where it has a hook.
type chain struct {
	name  string
	hook  *hook
	rules []rule
}

type hook struct {
	kind     nftables.ChainType
	number   *nftables.ChainHook
	priority *nftables.ChainPriority
}

// rule is one rule, with the comment that nft lists behind it.
type rule struct {
	comment     string
	expressions []expr.Any
}

// element is one element of a set or map. Two are equal if they are the same to
// the kernel, so that their owners can be counted.
type element struct {
	set *set
	key string
	// value is empty in a set, and a chain's name in a map of verdicts.
	value string
	// end marks an interval's end: the first key behind it.
	end bool
}

// compareElements sorts by set and key, the end of an interval, which has no
// value, before the start of the next one.
func compareElements(a, b element) int {
	return cmp.Or(
		cmp.Compare(a.set.family, b.set.family),
		strings.Compare(a.set.name, b.set.name),
		strings.Compare(a.key, b.key),
		strings.Compare(a.value, b.value),
	)
}
