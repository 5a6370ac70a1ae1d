package iptables

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// damages are what people and programs do to rules, what is found then of the
// program, and how others whose rules went too make theirs again.
var damages = []struct {
	name     string
	commands []string
	want     []string
	others   []string
}{
	{
		"flush filter", []string{"-F"},
		[]string{"chain MYBRIDGE-FORWARD of table filter has 0 of 9 rules", "jump from FORWARD to MYBRIDGE-FORWARD of table filter is gone"},
		[]string{"-I FORWARD -j DOCKER-USER"},
	},
	{
		"flush and delete", []string{"-F", "-X"},
		[]string{"chain MYBRIDGE-FORWARD of table filter is gone", "jump from FORWARD to MYBRIDGE-FORWARD of table filter is gone"},
		[]string{"-N DOCKER-USER", "-I FORWARD -j DOCKER-USER"},
	},
	{
		"flush nat", []string{"-t nat -F"},
		[]string{
			"chain MYBRIDGE-POSTROUTING of table nat has 0 of 1 rule", "chain MYBRIDGE-PUBLISHED of table nat has 0 of 5 rules",
			"jump from OUTPUT to MYBRIDGE-PUBLISHED of table nat is gone", "jump from POSTROUTING to MYBRIDGE-POSTROUTING of table nat is gone",
			"jump from PREROUTING to MYBRIDGE-PUBLISHED of table nat is gone",
		},
		[]string{"-t nat -I PREROUTING -p tcp --dport 8080 -j RETURN"},
	},
	{"delete jump", []string{"-D FORWARD -j MYBRIDGE-FORWARD"}, []string{"jump from FORWARD to MYBRIDGE-FORWARD of table filter is gone"}, nil},
	{"jump twice", []string{"-A FORWARD -j MYBRIDGE-FORWARD"}, []string{"jump from FORWARD to MYBRIDGE-FORWARD of table filter is there 2 times"}, nil},
	{
		"jump first", []string{"-D FORWARD -j MYBRIDGE-FORWARD", "-I FORWARD -j MYBRIDGE-FORWARD"},
		[]string{"jump from FORWARD to MYBRIDGE-FORWARD of table filter stands before DOCKER-USER"}, nil,
	},
	{
		"jump first and last", []string{"-I FORWARD -j MYBRIDGE-FORWARD"},
		[]string{
			"jump from FORWARD to MYBRIDGE-FORWARD of table filter is there 2 times",
			"jump from FORWARD to MYBRIDGE-FORWARD of table filter stands before DOCKER-USER",
		}, nil,
	},
	{"delete rule", []string{"-t mangle -D MYBRIDGE-FORWARD 3"}, []string{"chain MYBRIDGE-FORWARD of table mangle has 14 of 15 rules"}, nil},
	{"add rule", []string{"-t mangle -I MYBRIDGE-FORWARD -j RETURN"}, []string{"chain MYBRIDGE-FORWARD of table mangle has 1 rule too many"}, nil},
	{"leftover", []string{"-N MYBRIDGE-old"}, []string{"chain MYBRIDGE-old of table filter is there, and no network needs it"}, nil},
	{"engine starts again", []string{"-D FORWARD -j DOCKER-USER", "-I FORWARD -j DOCKER-USER"}, nil, nil},
}

// damage runs the commands.
func (h host) damage(t *testing.T, commands []string) {
	t.Helper()
	for _, command := range commands {
		kernel.Run(t, h[0], strings.Fields(command)...)
	}
}

func wantFindings(t *testing.T, when string, got []health.Finding, want ...string) {
	t.Helper()
	var lines []string
	for _, f := range got {
		if f.Part != health.Rules || f.Meaning == "" || f.Fix == "" {
			t.Errorf("%s: of %s it is not said what it means, or what mends it: %+v", when, f.Subject, f)
		}
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		t.Errorf("%s found are\n%s\nwant\n%s", when, strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// of is what is found of the program.
func (h host) of(findings []string) []string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, h[0]+" "+f)
	}
	return lines
}

// TestDamageIsFoundAndMended wants each damage to be told and mended, and nothing
// else to change.
func TestDamageIsFoundAndMended(t *testing.T) {
	for _, test := range damages {
		t.Run(test.name, func(t *testing.T) {
			onBothVariants(t, func(t *testing.T, h host) {
				h.addForeignRules(t)
				f := h.open(t, "mybridge")
				must(t, f.Restore(t.Context(), everything()))
				want := h.saved(t)
				wantFindings(t, "when all is right", h.check(t, f))
				h.damage(t, test.commands)
				broken := h.saved(t)
				wantFindings(t, "after damage", h.check(t, f), h.of(test.want)...)
				wantSaved(t, h, broken, "after the check")
				findings, err := f.Mend(t.Context())
				must(t, err)
				wantFindings(t, "mended,", findings, h.of(test.want)...)
				h.damage(t, test.others)
				wantSaved(t, h, want, "mended,")
				wantFindings(t, "after mending", h.check(t, f))
				must(t, f.RemoveNetwork(t.Context(), internal.ID))
				must(t, f.SetNetwork(t.Context(), internal))
				must(t, f.SetEndpoint(t.Context(), internal.ID, web))
				wantSaved(t, h, want, "after another change")
			})
		})
	}
}

// TestMovedBeforeTheLastWord wants a jump that stood before the user's chain to be
// moved behind it, and before a last rule that rejects everything.
func TestMovedBeforeTheLastWord(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		for _, program := range h {
			kernel.Run(t, program, "-A", "FORWARD", "-j", "REJECT")
		}
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), everything()))
		want := h.saved(t)
		h.damage(t, []string{"-D FORWARD -j MYBRIDGE-FORWARD", "-I FORWARD -j MYBRIDGE-FORWARD"})
		findings, err := f.Mend(t.Context())
		must(t, err)
		wantFindings(t, "after damage", findings, h.of([]string{"jump from FORWARD to MYBRIDGE-FORWARD of table filter stands before DOCKER-USER"})...)
		wantSaved(t, h, want, "mended,")
	})
}

func (h host) check(t *testing.T, f *Firewall) []health.Finding {
	t.Helper()
	findings, err := f.Check(t.Context())
	must(t, err)
	return findings
}

// TestAcceptsAreMended wants the accepts beside nftables to be found and mended too.
func TestAcceptsAreMended(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		h.addForeignRules(t)
		a := h.openAccepts(t)
		must(t, a.Set(t.Context(), []link.Name{"mb-1", "lab0"}))
		want := h.saved(t)
		h.damage(t, []string{"-D FORWARD -j MYBRIDGE-FORWARD", "-F MYBRIDGE-FORWARD"})
		for _, examine := range []func() ([]health.Finding, error){
			func() ([]health.Finding, error) { return a.Check(t.Context()) },
			func() ([]health.Finding, error) { return a.Mend(t.Context()) },
		} {
			findings, err := examine()
			must(t, err)
			wantFindings(t, "after damage", findings, h.of([]string{
				"chain MYBRIDGE-FORWARD of table filter has 0 of 4 rules", "jump from FORWARD to MYBRIDGE-FORWARD of table filter is gone",
			})...)
		}
		wantSaved(t, h, want, "mended,")
		findings, err := a.Mend(t.Context())
		must(t, err)
		wantFindings(t, "after mending", findings)
	})
}

// TestNothingFoundAmidChanges wants no finding while our own changes are under way.
func TestNothingFoundAmidChanges(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), everything()))
		var group errgroup.Group
		for i := range uint16(100) {
			e := firewall.Endpoint{ID: fmt.Sprint(i), Ports: []hostport.Mapping{
				mapping(hostport.TCP, fmt.Sprintf("0.0.0.0:%d", 9000+i), fmt.Sprintf("192.0.2.9:%d", 1+i)),
			}}
			group.Go(kernel.InNamespace(t, func() error { return f.SetEndpoint(t.Context(), plain.ID, e) }))
			if i%10 != 0 {
				continue
			}
			group.Go(kernel.InNamespace(t, func() error {
				findings, err := f.Mend(t.Context())
				if len(findings) > 0 {
					err = fmt.Errorf("found are %v", findings)
				}
				return err
			}))
		}
		must(t, group.Wait())
		wantFindings(t, "after the changes", h.check(t, f))
	})
}

// TestCheckOfMany prints how long a check takes.
func TestCheckOfMany(t *testing.T) {
	onBothVariants(t, func(t *testing.T, h host) {
		var state firewall.State
		for i := range 100 {
			prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)
			n := firewall.NetworkState{Network: firewall.Network{
				ID: fmt.Sprintf("%012x", i), Bridge: link.Name(fmt.Sprintf("mb-%d", i)), Masquerade: true,
				Subnets: []firewall.Subnet{{Prefix: prefix, Gateway: prefix.Addr().Next(), Mode: firewall.NAT}},
			}}
			for j := range 10 {
				n.Endpoints = append(n.Endpoints, firewall.Endpoint{ID: fmt.Sprint(j), Ports: []hostport.Mapping{
					mapping(hostport.TCP, fmt.Sprintf("0.0.0.0:%d", 2000+10*i+j), fmt.Sprintf("10.0.%d.%d:80", i, 2+j)),
				}})
			}
			state.Networks = append(state.Networks, n)
		}
		f := h.open(t, "mybridge")
		must(t, f.Restore(t.Context(), state))
		began := time.Now()
		wantFindings(t, "of many", h.check(t, f))
		t.Logf("checked 100 networks with 1000 endpoints and 1000 ports in %v", time.Since(began))
	})
}
