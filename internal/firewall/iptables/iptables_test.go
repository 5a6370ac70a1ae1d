package iptables

import (
	"net/netip"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// onBothVariants runs the test in a namespace for each variant of iptables.
func onBothVariants(t *testing.T, test func(t *testing.T, h host)) {
	t.Helper()
	for _, variant := range []string{"iptables-nft", "iptables-legacy"} {
		t.Run(variant, func(t *testing.T) {
			kernel.Namespace(t)
			test(t, host{variant, strings.Replace(variant, "ip", "ip6", 1)})
		})
	}
}

// host is the programs of one variant, for IPv4 and IPv6.
type host [2]string

func (h host) open(t *testing.T, instance string) *Firewall {
	t.Helper()
	tables, err := open(instance, h[0])
	must(t, err)
	return &Firewall{tables: tables}
}

// saved returns the rules and our chains of both families, as a person lists
// them. Empty tables are left out: they stay once they were made.
func (h host) saved(t *testing.T) string {
	t.Helper()
	var saved strings.Builder
	for _, program := range h {
		table := ""
		for line := range strings.Lines(kernel.Run(t, program+"-save")) {
			if strings.HasPrefix(line, "*") {
				table = program + " " + line
			}
			if strings.HasPrefix(line, "-A ") || strings.HasPrefix(line, ":MYBRIDGE") {
				saved.WriteString(table + line)
				table = ""
			}
		}
	}
	return saved.String()
}

// addForeignRules adds what others may have, with the policy that the engine sets.
func (h host) addForeignRules(t *testing.T) {
	t.Helper()
	for _, program := range h {
		kernel.Run(t, program, "-N", "DOCKER-USER")
		kernel.Run(t, program, "-A", "FORWARD", "-j", "DOCKER-USER")
		kernel.Run(t, program, "-P", "FORWARD", "DROP")
		kernel.Run(t, program, "-t", "mangle", "-A", "FORWARD", "-m", "comment", "--comment", "see -j MYBRIDGE-FORWARD", "-j", "RETURN")
		kernel.Run(t, program, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "-j", "RETURN")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantSaved(t *testing.T, h host, want, when string) {
	t.Helper()
	if got := h.saved(t); got != want {
		t.Errorf("%s the rules are\n%swant\n%s", when, got, want)
	}
}

func subnets(mode firewall.Mode) []firewall.Subnet {
	return []firewall.Subnet{
		{Prefix: netip.MustParsePrefix("192.0.2.0/25"), Gateway: netip.MustParseAddr("192.0.2.1"), Mode: mode},
		{Prefix: netip.MustParsePrefix("2001:db8::/64"), Gateway: netip.MustParseAddr("2001:db8::1"), Mode: mode},
	}
}

var (
	plain    = firewall.Network{ID: "a1", Bridge: "br1", Subnets: subnets(firewall.NAT), Masquerade: true}
	internal = firewall.Network{ID: "b2", Bridge: "br2", Subnets: subnets(firewall.NAT)[:1], Internal: true, Masquerade: true}
	bare     = firewall.Network{ID: "c3", Bridge: "br3"}
	routed   = firewall.Network{ID: "0123456789abcdef", Bridge: "br4", Subnets: subnets(firewall.Routed), NoICC: true}
	trusting = firewall.Network{ID: "d5", Bridge: "br5", Subnets: subnets(firewall.NAT), TrustedInterfaces: []link.Name{"eth1", "eth2"}}
)

func mapping(protocol hostport.Protocol, host, container string) hostport.Mapping {
	return hostport.Mapping{Protocol: protocol, Host: netip.MustParseAddrPort(host), Container: netip.MustParseAddrPort(container)}
}

var web = firewall.Endpoint{ID: "web", Ports: []hostport.Mapping{
	mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:80"),
	mapping(hostport.TCP, "[::]:8080", "[2001:db8::2]:80"),
	mapping(hostport.UDP, "198.51.100.1:53", "192.0.2.2:53"),
	mapping(hostport.SCTP, "0.0.0.0:9", "192.0.2.2:9"),
}}

func everything() firewall.State {
	state := firewall.State{EngineBridges: []link.Name{"docker0", "br-0123"}}
	for _, network := range []firewall.Network{plain, internal, bare, routed, trusting} {
		state.Networks = append(state.Networks, firewall.NetworkState{Network: network, Endpoints: []firewall.Endpoint{web}})
	}
	return state
}

// TestNetworksComeAndGo wants each step to be repeatable, rules not to depend on
// the order of the steps, and others' rules to be in the end what they were.
func TestNetworksComeAndGo(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		before := h.saved(t)
		f := h.open(t, "mybridge")
		for range 2 {
			must(t, f.SetNetwork(t.Context(), plain))
			must(t, f.SetEndpoint(t.Context(), "a1", web))
		}
		one := h.saved(t)
		if want := "-A FORWARD -j DOCKER-USER\n-A FORWARD -j MYBRIDGE-FORWARD\n"; strings.Count(one, want) != 2 {
			t.Errorf("%q is not once for each family in\n%s", want, one)
		}
		for _, network := range []firewall.Network{trusting, routed, internal, bare} {
			must(t, f.SetNetwork(t.Context(), network))
			must(t, f.SetEndpoint(t.Context(), network.ID, web))
		}
		must(t, f.SetEngineBridges(t.Context(), []link.Name{"br-0123", "docker0"}))
		all := h.saved(t)
		must(t, h.open(t, "mybridge").Restore(t.Context(), everything()))
		wantSaved(t, h, all, "after a restart")

		must(t, f.SetEngineBridges(t.Context(), nil))
		for _, network := range []firewall.Network{routed, internal, trusting, bare} {
			must(t, f.RemoveEndpoint(t.Context(), network.ID, "web"))
			for range 2 {
				must(t, f.RemoveNetwork(t.Context(), network.ID))
			}
		}
		wantSaved(t, h, one, "with one network left")
		must(t, f.RemoveNetwork(t.Context(), "a1"))
		wantSaved(t, h, before, "without a network")
	})
}

// TestRestore wants missing rules back, leftovers of others and of former
// versions in our chains gone, and the order as it was.
func TestRestore(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		before := h.saved(t)
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), everything()))
		want := h.saved(t)
		for _, damage := range []string{
			"-t nat -D MYBRIDGE-POSTROUTING 1",
			"-t nat -A MYBRIDGE-POSTROUTING -s 203.0.113.0/24 ! -o br9 -j MASQUERADE",
			"-t nat -D OUTPUT -j MYBRIDGE-PUBLISHED",
			"-t nat -A PREROUTING -j MYBRIDGE-PUBLISHED",
			"-t nat -D MYBRIDGE-PUBLISHED 1",
			"-t nat -A MYBRIDGE-PUBLISHED -m addrtype ! --dst-type LOCAL -j RETURN",
			"-t mangle -I MYBRIDGE-FORWARD -d 192.0.2.0/25 ! -i br1 -o br1 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP",
			"-t mangle -N MYBRIDGE-c0ffee",
			"-t mangle -N MYBRIDGE-deadbeef",
			"-t mangle -A MYBRIDGE-deadbeef -j DROP",
			"-t mangle -I MYBRIDGE-FORWARD 3 -g MYBRIDGE-deadbeef",
			"-t mangle -F " + newNames(defaultInstance).ofNetwork(routed.ID),
			"-D FORWARD -j MYBRIDGE-FORWARD",
			"-A MYBRIDGE-FORWARD -i br1 -j ACCEPT",
		} {
			kernel.Run(t, h[0], strings.Fields(damage)...)
		}
		must(t, f.Restore(t.Context(), everything()))
		wantSaved(t, h, want, "restored")
		must(t, f.Restore(t.Context(), firewall.State{}))
		wantSaved(t, h, before, "restored without networks")
	})
}

// TestNothingToDoIsNothingDone wants a restore of intact rules not to touch them:
// no packet met a missing rule.
func TestNothingToDoIsNothingDone(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		must(t, h.open(t, "mybridge").Restore(t.Context(), everything()))
		handles := kernel.Run(t, "nft", "-a", "list", "ruleset")
		again := h.open(t, "mybridge")
		runs := count(again)
		must(t, again.Restore(t.Context(), everything()))
		if len(runs.restores) != 0 {
			t.Errorf("the rules were changed by\n%s", strings.Join(runs.restores, "\n"))
		}
		if now := kernel.Run(t, "nft", "-a", "list", "ruleset"); now != handles {
			t.Errorf("the rules were made again:\n%s\nfrom\n%s", now, handles)
		}
	})
}

func TestInstancesKeepApart(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		first, second := h.open(t, "mybridge"), h.open(t, "second")
		must(t, first.Restore(t.Context(), everything()))
		one := h.saved(t)
		must(t, second.Restore(t.Context(), everything()))
		both := h.saved(t)
		must(t, first.Restore(t.Context(), everything()))
		wantSaved(t, h, both, "with the first instance restored")
		must(t, second.Restore(t.Context(), firewall.State{}))
		wantSaved(t, h, one, "without the second instance")
	})
}
