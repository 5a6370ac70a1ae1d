package nftables

import (
	"github.com/google/nftables/expr"

	"mybridge/internal/firewall"
)

// leavingName is the name of the chain for what leaves the network, which is the only
// one on its bridge.
func leavingName(n firewall.Network) string { return "leaving-" + string(n.Bridge) }

// leavingChains is the chain for what leaves the network, reached by its subnets;
// none where no address is translated.
func leavingChains(n firewall.Network) []chain {
	if n.Internal {
		return nil
	}
	bridge := interfaceName(n.Bridge)
	var rules []rule
	for _, subnet := range n.Subnets {
		if translates(n, subnet) {
			isFamily := is(metaNfproto, familyOf(subnet.Prefix.Addr()))
			rules = append(rules, newRule("", isFamily, isNot(oifname, bridge...), translation(subnet)))
		}
	}
	if len(rules) == 0 {
		return nil
	}
	return []chain{{name: leavingName(n), rules: rules}}
}

// translates reports whether what leaves the subnet gets another source address.
func translates(n firewall.Network, subnet firewall.Subnet) bool {
	return n.Masquerade && subnet.Mode.Translates()
}

// translation gives what leaves the subnet another source address.
func translation(subnet firewall.Subnet) []expr.Any {
	if !subnet.Source.IsValid() {
		return masquerade
	}
	return []expr.Any{
		&expr.Immediate{Register: firstRegister, Data: subnet.Source.AsSlice()},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: uint32(familyOf(subnet.Source)), RegAddrMin: firstRegister, RegAddrMax: firstRegister},
	}
}
