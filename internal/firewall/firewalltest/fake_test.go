package firewalltest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// reference says in a naive ruleset what package firewall means.
type reference struct {
	t     *testing.T
	state firewall.State
}

func (r *reference) find(id string) int {
	return slices.IndexFunc(r.state.Networks, func(n firewall.NetworkState) bool { return n.ID == id })
}

func (r *reference) SetNetwork(_ context.Context, n firewall.Network) error {
	if i := r.find(n.ID); i >= 0 {
		r.state.Networks[i].Network = n
	} else {
		r.state.Networks = append(r.state.Networks, firewall.NetworkState{Network: n})
	}
	return r.apply()
}

func (r *reference) RemoveNetwork(_ context.Context, id string) error {
	r.state.Networks = slices.DeleteFunc(r.state.Networks, func(n firewall.NetworkState) bool { return n.ID == id })
	return r.apply()
}

func (r *reference) SetEndpoint(ctx context.Context, id string, e firewall.Endpoint) error {
	n := &r.state.Networks[r.find(id)]
	n.Endpoints = slices.DeleteFunc(n.Endpoints, func(o firewall.Endpoint) bool { return o.ID == e.ID })
	n.Endpoints = append(n.Endpoints, e)
	return r.apply()
}

func (r *reference) RemoveEndpoint(_ context.Context, id, e string) error {
	n := &r.state.Networks[r.find(id)]
	n.Endpoints = slices.DeleteFunc(n.Endpoints, func(o firewall.Endpoint) bool { return o.ID == e })
	return r.apply()
}

func (r *reference) Restore(_ context.Context, s firewall.State) error {
	r.state = s
	return r.apply()
}

func (r *reference) SetEngineBridges(_ context.Context, b []link.Name) error {
	r.state.EngineBridges = b
	return r.apply()
}

func (r *reference) apply() error {
	script := "add table inet fake; delete table inet fake\n"
	for _, p := range []string{"iptables", "ip6tables"} {
		exec.Command(p, "-D", "FORWARD", "-j", "FAKE").Run()
		accept := "*filter\n:FAKE -\n-F FAKE\n-X FAKE\n"
		if len(r.state.Networks) > 0 {
			accept = "*filter\n:FAKE -\n" + os.Getenv("JUMP") + " FORWARD -j FAKE\n"
			for _, n := range r.state.Networks {
				if os.Getenv("JUMP") == "-A" || true {
					accept += fmt.Sprintf("-A FAKE -i %s -j ACCEPT\n-A FAKE -o %s -j ACCEPT\n", n.Bridge, n.Bridge)
				}
			}
		}
		c := exec.Command(p+"-restore", "--noflush")
		c.Stdin = strings.NewReader(accept + "COMMIT\n")
		if out, err := c.CombinedOutput(); err != nil {
			panic(string(out))
		}
	}
	if len(r.state.Networks) > 0 {
		script += r.text()
	}
	if old, n, ok := strings.Cut(os.Getenv("MUTATE"), "=>"); ok {
		script = regexp.MustCompile("(?m)"+old).ReplaceAllString(script, n)
	}
	c := exec.Command("nft", "-f", "-")
	c.Stdin = strings.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s\n%s", err, out, script)
	}
	return nil
}

func (r *reference) text() string {
	var one, all, forward, entering, leaving, input, guard []string
	add := func(to *[]string, format string, a ...any) { *to = append(*to, fmt.Sprintf(format, a...)) }
	for _, n := range r.state.Networks {
		b := n.Bridge
		if !n.NoICC {
			add(&forward, "iifname %s oifname %s accept", b, b)
		}
		if n.Internal {
			add(&forward, "iifname %s drop", b)
			add(&forward, "oifname %s drop", b)
			add(&input, "iifname %s fib daddr type local fib daddr . iif type != local drop", b)
		}
	}
	for _, n := range r.state.Networks {
		for _, s := range n.Subnets {
			if s.OwnGateway {
				proto := "ipv4"
				if s.Prefix.Addr().Is6() {
					proto = "ipv6"
				}
				add(&leaving, "meta nfproto %s oifname %s accept", proto, n.Bridge)
			}
		}
	}
	add(&forward, "ct state established,related accept")
	for _, n := range r.state.Networks {
		b := n.Bridge
		if len(n.Subnets) == 0 {
			continue
		}
		add(&forward, "oifname %s jump entering", b)
		for _, e := range r.state.EngineBridges {
			add(&forward, "iifname %s oifname %s ct status & dnat == 0 drop", b, e)
		}
		for _, s := range n.Subnets {
			ip, proto := "ip", "ipv4"
			if s.Prefix.Addr().Is6() {
				ip, proto = "ip6", "ipv6"
			}
			if n.NoICC {
				add(&entering, "iifname %s oifname %s drop", b, b)
			}
			if s.Mode == firewall.NATUnprotected {
				add(&entering, "oifname %s meta nfproto %s accept", b, proto)
			}
			if s.Mode == firewall.Routed {
				add(&entering, "oifname %s meta nfproto %s meta l4proto { icmp, icmpv6 } accept", b, proto)
			}
			if n.Masquerade && s.Mode.Translates() && !n.Internal {
				what := "masquerade"
				if s.Source.IsValid() {
					what = "snat " + ip + " to " + s.Source.String()
				}
				add(&leaving, "%s saddr %s oifname != %s %s", ip, s.Prefix, b, what)
			}
			for _, e := range n.Endpoints {
				for _, m := range e.Ports {
					if !s.Prefix.Contains(m.Container.Addr()) {
						continue
					}
					match := fmt.Sprintf("%s daddr %s %s dport %d", ip, m.Container.Addr(), m.Protocol, m.Container.Port())
					if n.DirectRouting || s.Mode == firewall.Routed {
						add(&entering, "oifname %s %s accept", b, match)
					}
					for _, i := range n.TrustedInterfaces {
						add(&entering, "iifname %s oifname %s %s accept", i, b, match)
					}
					if n.Forwards(m) && !n.Internal {
						homes := string(n.Bridge)
						for _, h := range e.Homes {
							homes += ", " + string(h)
						}
						to, rule := &all, fmt.Sprintf("iifname != { %s } meta nfproto %s %s dport %d dnat %s to %s", homes, proto, m.Protocol, m.Host.Port(), ip, m.Container)
						if !m.Host.Addr().IsUnspecified() {
							to, rule = &one, fmt.Sprintf("%s daddr %s %s", ip, m.Host.Addr(), rule)
						}
						add(to, "%s", rule)
					}
				}
			}
		}
	}
	_ = hostport.TCP
	j := func(l []string) string { return strings.Join(l, "\n") }
	_ = guard
	return `table inet fake {
chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local jump published; }
chain output { type nat hook output priority -100; fib daddr type local jump published; }
chain published { ip daddr 127.0.0.0/8 return
ip6 daddr { ::1, fe80::/10 } return
` + j(one) + "\n" + j(all) + `
}
chain entering { ct status dnat accept
` + j(entering) + `
drop
}
chain forward { type filter hook forward priority filter;
` + j(forward) + `
}
chain input { type filter hook input priority filter;
` + j(input) + `
}
chain postrouting { type nat hook postrouting priority srcnat;
` + j(leaving) + `
}
}
`
}

func TestReference(t *testing.T) {
	Run(t, func(t *testing.T) Firewall { return &reference{t: t} })
}
