package iptables

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// rulesOfPlain are those of a network with a container that publishes two ports,
// sorted by table.
const rulesOfPlain = `*filter
-A FORWARD -j MYBRIDGE-FORWARD
-A MYBRIDGE-FORWARD -i br1 -j ACCEPT
-A MYBRIDGE-FORWARD -o br1 -j ACCEPT
*mangle
-A FORWARD -j MYBRIDGE-FORWARD
-A MYBRIDGE-ENGINE -i br1 -j DROP
-A MYBRIDGE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN
-A MYBRIDGE-FORWARD -i br1 -o br1 -j RETURN
-A MYBRIDGE-FORWARD -o br1 -j DROP
-A MYBRIDGE-FORWARD -o docker0 -j MYBRIDGE-ENGINE
*nat
-A PREROUTING -j MYBRIDGE-PUBLISHED
-A OUTPUT -j MYBRIDGE-PUBLISHED
-A POSTROUTING -j MYBRIDGE-POSTROUTING
-A MYBRIDGE-POSTROUTING -s 192.0.2.0/25 ! -o br1 -j MASQUERADE
-A MYBRIDGE-PUBLISHED -m addrtype ! --dst-type LOCAL -j RETURN
-A MYBRIDGE-PUBLISHED -d 127.0.0.0/8 -j RETURN
-A MYBRIDGE-PUBLISHED -d 198.51.100.1/32 ! -i br1 -p udp -m udp --dport 53 -j DNAT --to-destination 192.0.2.2:53
-A MYBRIDGE-PUBLISHED ! -i br1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80
`

func TestRulesOfANetwork(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		endpoint := firewall.Endpoint{ID: "web", Ports: []hostport.Mapping{
			mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.2:80"),
			mapping(hostport.UDP, "198.51.100.1:53", "192.0.2.2:53"),
		}}
		must(t, h.open(t, "mybridge").Restore(t.Context(), firewall.State{
			Networks:      []firewall.NetworkState{{Network: plain, Endpoints: []firewall.Endpoint{endpoint}}},
			EngineBridges: []link.Name{"docker0"},
		}))
		var got strings.Builder
		for _, table := range []string{"filter", "mangle", "nat"} {
			got.WriteString("*" + table + "\n")
			for line := range strings.Lines(kernel.Run(t, h[0]+"-save", "-t", table)) {
				if strings.HasPrefix(line, "-A ") {
					got.WriteString(line)
				}
			}
		}
		if got.String() != rulesOfPlain {
			t.Errorf("the rules are\n%swant\n%s", got.String(), rulesOfPlain)
		}
	})
}

// TestPortRanges wants consecutive ports to be one rule where none changes, and
// those of one address before those of all.
func TestPortRanges(t *testing.T) {
	var mappings []hostport.Mapping
	for _, m := range []string{
		"0.0.0.0:8001 192.0.2.2:8001", "0.0.0.0:8000 192.0.2.2:8000", "0.0.0.0:8002 192.0.2.2:8002",
		"0.0.0.0:8003 192.0.2.3:8003", "0.0.0.0:8004 192.0.2.3:8005", "0.0.0.0:8005 192.0.2.3:8006",
		"0.0.0.0:8006 192.0.2.3:8004", "0.0.0.0:8007 192.0.2.3:8007",
		"0.0.0.0:65534 192.0.2.2:65534", "0.0.0.0:65535 192.0.2.2:65535",
		"198.51.100.1:8000 192.0.2.3:8000", "198.51.100.2:8001 192.0.2.3:8001",
	} {
		host, container, _ := strings.Cut(m, " ")
		mappings = append(mappings, mapping(hostport.TCP, host, container))
	}
	var got []string
	for _, ports := range joined(mappings) {
		got = append(got, ports.host()+ports.match()+" "+ports.destination())
	}
	want := []string{
		"-d 198.51.100.2/32 -p tcp -m tcp --dport 8001 192.0.2.3:8001",
		"-d 198.51.100.1/32 -p tcp -m tcp --dport 8000 192.0.2.3:8000",
		"-p tcp -m tcp --dport 8000:8002 192.0.2.2",
		"-p tcp -m tcp --dport 65534:65535 192.0.2.2",
		"-p tcp -m tcp --dport 8003 192.0.2.3:8003",
		"-p tcp -m tcp --dport 8004 192.0.2.3:8005",
		"-p tcp -m tcp --dport 8005 192.0.2.3:8006",
		"-p tcp -m tcp --dport 8006 192.0.2.3:8004",
		"-p tcp -m tcp --dport 8007 192.0.2.3:8007",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAnyChangeGivesTheRulesWanted goes from one random state to the next, and
// wants the kernel to list exactly what the state says, as it says it.
func TestAnyChangeGivesTheRulesWanted(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		rapid.Check(t, func(r *rapid.T) {
			state := drawState(r)
			err := f.change(t.Context(), func(s *firewall.State) error {
				*s = state
				return nil
			})
			if err != nil {
				r.Fatal(err)
			}
			for _, family := range f.families {
				there := f.names.parse(kernel.Run(t, family.program+"-save"))
				want := f.names.rules(state, family.ipv6)
				if difference := f.names.difference(there, want); difference != "" {
					r.Fatalf("what %s-save lists differs from the rules wanted by\n%s", family.program, difference)
				}
			}
		})
	})
}

// drawState draws from few values, so that states have much in common.
func drawState(r *rapid.T) firewall.State {
	var state firewall.State
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(r, "networks") {
		state.Networks = append(state.Networks, firewall.NetworkState{
			Network: firewall.Network{
				ID:                id,
				Bridge:            link.Name("br-" + id),
				Subnets:           subnets(rapid.SampledFrom(firewall.Modes()).Draw(r, "mode"))[:rapid.IntRange(0, 2).Draw(r, "subnets")],
				Masquerade:        rapid.Bool().Draw(r, "masquerade"),
				Internal:          rapid.Bool().Draw(r, "internal"),
				NoICC:             rapid.Bool().Draw(r, "no icc"),
				DirectRouting:     rapid.Bool().Draw(r, "direct routing"),
				TrustedInterfaces: rapid.SliceOfDistinct(rapid.SampledFrom([]link.Name{"eth1", "eth2"}), rapid.ID).Draw(r, "trusted"),
			},
			Endpoints: []firewall.Endpoint{{ID: "e", Ports: drawPorts(r)}},
		})
	}
	state.EngineBridges = rapid.SliceOf(rapid.SampledFrom([]link.Name{"docker0", "br-1", "br-2"})).Draw(r, "engine bridges")
	return state
}

func drawPorts(r *rapid.T) []hostport.Mapping {
	return rapid.SliceOf(rapid.Custom(func(r *rapid.T) hostport.Mapping {
		addresses := rapid.SampledFrom([][2]string{
			{"0.0.0.0", "192.0.2.2"}, {"198.51.100.1", "192.0.2.2"}, {"127.0.0.1", "192.0.2.2"}, {"::", "192.0.2.3"},
			{"::", "2001:db8::2"}, {"2001:db8:1::1", "2001:db8::3"}, {"fe80::1%eth0", "2001:db8::3"},
		}).Draw(r, "addresses")
		return hostport.Mapping{
			Protocol:  rapid.SampledFrom(hostport.Protocols()).Draw(r, "protocol"),
			Host:      netip.AddrPortFrom(netip.MustParseAddr(addresses[0]), rapid.Uint16Range(80, 84).Draw(r, "host port")),
			Container: netip.AddrPortFrom(netip.MustParseAddr(addresses[1]), rapid.Uint16Range(80, 84).Draw(r, "container port")),
		}
	})).Draw(r, "ports")
}
