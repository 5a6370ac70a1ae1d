package nftables

import (
	"net"
	"net/netip"
	"slices"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// firstRegister is the first of the registers of 4 bytes each, in which the parts
// of a concatenation stand behind one another (kernel: enum nft_registers).
const firstRegister = unix.NFT_REG_1

// registerBehind is the register behind so many others, by the number under which
// the kernel lists it, so that rules can be compared: each fourth goes by that of
// the 16 bytes that begin there (kernel: nft_dump_register).
func registerBehind(others uint32) uint32 {
	if others%4 == 0 {
		return firstRegister + others/4
	}
	return unix.NFT_REG32_00 + others
}

// registers is how many registers so many bytes take.
func registers(bytes uint32) uint32 { return (bytes + 3) / 4 }

// field is a part of a packet, or of what the kernel knows of it.
type field struct {
	bytes uint32
	load  func(register uint32) expr.Any
}

func meta(key expr.MetaKey, bytes uint32) field {
	return field{bytes, func(register uint32) expr.Any { return &expr.Meta{Key: key, Register: register} }}
}

func payload(base expr.PayloadBase, offset, bytes uint32) field {
	return field{bytes, func(register uint32) expr.Any {
		return &expr.Payload{Base: base, Offset: offset, Len: bytes, DestRegister: register}
	}}
}

// The fields by their names in nft.
var (
	iifname      = meta(expr.MetaKeyIIFNAME, unix.IFNAMSIZ)
	oifname      = meta(expr.MetaKeyOIFNAME, unix.IFNAMSIZ)
	metaNfproto  = meta(expr.MetaKeyNFPROTO, 1)
	metaL4proto  = meta(expr.MetaKeyL4PROTO, 1)
	metaProtocol = meta(expr.MetaKeyPROTOCOL, 2)

	etherSaddr    = payload(expr.PayloadBaseLLHeader, 6, 6)
	arpSaddrEther = payload(expr.PayloadBaseNetworkHeader, 8, 6)
	arpSaddrIP    = payload(expr.PayloadBaseNetworkHeader, 14, 4)
	ipSaddr       = payload(expr.PayloadBaseNetworkHeader, 12, 4)
	ipDaddr       = payload(expr.PayloadBaseNetworkHeader, 16, 4)
	ip6Saddr      = payload(expr.PayloadBaseNetworkHeader, 8, 16)
	ip6Daddr      = payload(expr.PayloadBaseNetworkHeader, 24, 16)
	thDport       = payload(expr.PayloadBaseTransportHeader, 2, 2)
	icmpv6Type    = payload(expr.PayloadBaseTransportHeader, 0, 1)
	// icmpv6Taddr is the target of a neighbour advertisement (RFC 4861 §4.4).
	icmpv6Taddr = payload(expr.PayloadBaseTransportHeader, 8, 16)

	fibDaddrType    = field{4, fibType(expr.Fib{FlagDADDR: true})}
	fibDaddrIifType = field{4, fibType(expr.Fib{FlagDADDR: true, FlagIIF: true})}
)

func fibType(lookup expr.Fib) func(uint32) expr.Any {
	return func(register uint32) expr.Any {
		result := lookup
		result.Register, result.ResultADDRTYPE = register, true
		return &result
	}
}

// load puts the fields into registers behind one another.
func load(fields ...field) []expr.Any {
	var expressions []expr.Any
	var taken uint32
	for _, f := range fields {
		expressions = append(expressions, f.load(registerBehind(taken)))
		taken += registers(f.bytes)
	}
	return expressions
}

func in(s *set, fields ...field) []expr.Any {
	return append(load(fields...), &expr.Lookup{SourceRegister: firstRegister, SetName: s.name})
}

func notIn(s *set, fields ...field) []expr.Any {
	return append(load(fields...), &expr.Lookup{SourceRegister: firstRegister, SetName: s.name, Invert: true})
}

func is(f field, value ...byte) []expr.Any {
	return append(load(f), &expr.Cmp{Op: expr.CmpOpEq, Register: firstRegister, Data: value})
}

func isNot(f field, value ...byte) []expr.Any {
	return append(load(f), &expr.Cmp{Op: expr.CmpOpNeq, Register: firstRegister, Data: value})
}

func within(f field, prefix netip.Prefix) []expr.Any {
	mask := net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())
	return append(load(f),
		&expr.Bitwise{SourceRegister: firstRegister, DestRegister: firstRegister, Len: f.bytes, Mask: mask, Xor: make([]byte, f.bytes)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: firstRegister, Data: prefix.Masked().Addr().AsSlice()})
}

// tracked compares the bits of what connection tracking knows with none.
func tracked(key expr.CtKey, bits uint32, op expr.CmpOp) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: firstRegister},
		&expr.Bitwise{
			SourceRegister: firstRegister, DestRegister: firstRegister, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: op, Register: firstRegister, Data: make([]byte, 4)},
	}
}

// statusDNAT is IPS_DST_NAT: the connection's destination was translated
// (kernel: nf_conntrack_common.h).
const statusDNAT = 1 << 5

var (
	ctAnswer  = tracked(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED, expr.CmpOpNeq)
	ctDNAT    = tracked(expr.CtKeySTATUS, statusDNAT, expr.CmpOpNeq)
	ctNotDNAT = tracked(expr.CtKeySTATUS, statusDNAT, expr.CmpOpEq)
)

// What becomes of a packet.
var (
	accept     = []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}}
	drop       = []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}
	goBack     = []expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}}
	masquerade = []expr.Any{&expr.Masq{}}
)

func jump(chain string) []expr.Any {
	return []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: chain}}
}

// jumpBy jumps to the chain that the map of verdicts has for the field.
func jumpBy(s *set, f field) []expr.Any {
	return append(load(f), &expr.Lookup{SourceRegister: firstRegister, SetName: s.name, IsDestRegSet: true, DestRegister: unix.NFT_REG_VERDICT})
}

// destinationBy sends the packet to the address and port that the map has for
// the fields.
func destinationBy(s *set, family byte, fields ...field) []expr.Any {
	port := registerBehind(registers(s.value.Bytes) - 1)
	return append(load(fields...),
		&expr.Lookup{SourceRegister: firstRegister, SetName: s.name, IsDestRegSet: true, DestRegister: firstRegister},
		&expr.NAT{
			Type: expr.NATTypeDestNAT, Family: uint32(family), Specified: true,
			RegAddrMin: firstRegister, RegAddrMax: firstRegister, RegProtoMin: port, RegProtoMax: port,
		})
}

// newRule is a rule of all its parts, in their order.
func newRule(comment string, parts ...[]expr.Any) rule {
	return rule{comment: comment, expressions: slices.Concat(parts...)}
}
