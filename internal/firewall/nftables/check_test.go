package nftables

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
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

// damages are what people and programs do to rules, and what is found then. In a
// command HANDLE stands for that of the last rule of chain forward.
var damages = []struct {
	name     string
	commands []string
	want     []string
}{
	{"flush ruleset", []string{"flush ruleset"}, []string{"table inet mybridge is gone", "table bridge mybridge is gone"}},
	{"delete table", []string{"delete table inet mybridge"}, []string{"table inet mybridge is gone"}},
	{"flush table", []string{"flush table inet mybridge"}, []string{"table inet mybridge has no rule any more"}},
	{"dormant", []string{"add table inet mybridge { flags dormant; }"}, []string{"table inet mybridge is dormant"}},
	{"delete rule", []string{"delete rule inet mybridge forward handle HANDLE"}, []string{"chain forward of table inet mybridge has 5 of 6 rules"}},
	{"add rule", []string{"insert rule inet mybridge forward accept"}, []string{"chain forward of table inet mybridge has 1 rule too many"}},
	{"replace rule", []string{"replace rule inet mybridge forward handle HANDLE accept"}, []string{"chain forward of table inet mybridge has 5 of 6 rules and 1 too many"}},
	{
		"move rule",
		[]string{"delete rule inet mybridge postrouting handle HANDLE", "insert rule inet mybridge postrouting ip6 saddr vmap @leaving6"},
		[]string{"chain postrouting of table inet mybridge has its rules in another order"},
	},
	{"policy", []string{"chain inet mybridge forward { policy drop; }"}, []string{"chain forward of table inet mybridge is called elsewhere, or drops what no rule says"}},
	{"foreign chain", []string{"add chain inet mybridge other { type filter hook forward priority 0; policy drop; }"}, []string{"chain other of table inet mybridge is not ours"}},
	{"flush chain", []string{"flush chain inet mybridge published"}, []string{"chain published of table inet mybridge has 0 of 7 rules"}},
	{
		"delete chain",
		[]string{"flush chain inet mybridge input", "delete chain inet mybridge input"},
		[]string{"chain input of table inet mybridge is gone"},
	},
	{"delete element", []string{"delete element inet mybridge published4 { tcp . 8080 }"}, []string{"set published4 of table inet mybridge lacks 1 of 2 elements"}},
	{
		"redirect element",
		[]string{"delete element inet mybridge published4 { tcp . 8080 }", "add element inet mybridge published4 { tcp . 8080 : 192.0.2.66 . 80 }"},
		[]string{"set published4 of table inet mybridge lacks 1 of 2 elements and has 1 too many"},
	},
	{"foreign element", []string{`add element inet mybridge networks { "eth9" }`}, []string{"set networks of table inet mybridge has 1 element too many"}},
	{"flush set", []string{"flush set bridge mybridge held_mac"}, []string{"set held_mac of table bridge mybridge lacks 3 of 3 elements"}},
	{"delete interval", []string{"flush map inet mybridge leaving4"}, []string{"set leaving4 of table inet mybridge lacks 2 of 2 elements"}},
	{
		"delete set",
		[]string{"flush chain inet mybridge input", "flush chain inet mybridge postrouting", "delete set inet mybridge answering"},
		[]string{
			"chain input of table inet mybridge has 0 of 1 rule", "chain postrouting of table inet mybridge has 0 of 3 rules",
			"set answering of table inet mybridge is gone",
		},
	},
}

// damage runs the commands, one by one.
func damage(t *testing.T, commands []string) {
	t.Helper()
	for _, command := range commands {
		words := strings.Fields(command)
		if i := slices.Index(words, "HANDLE"); i >= 0 {
			words[i] = lastHandle(t, words[4])
		}
		kernel.Run(t, "nft", strings.Join(words, " "))
	}
}

// lastHandle is that of the chain's last rule.
func lastHandle(t *testing.T, chain string) string {
	t.Helper()
	handles := strings.Split(kernel.Run(t, "nft", "-a", "list", "chain", "inet", "mybridge", chain), " # handle ")
	return strings.Fields(handles[len(handles)-1])[0]
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

func check(t *testing.T, f *Firewall) []health.Finding {
	t.Helper()
	findings, err := f.Check(t.Context())
	must(t, err)
	return findings
}

func mend(t *testing.T, f *Firewall) []health.Finding {
	t.Helper()
	findings, err := f.Mend(t.Context())
	must(t, err)
	return findings
}

// TestDamageIsFoundAndMended wants each damage to be told and mended, and others'
// rules to stay.
func TestDamageIsFoundAndMended(t *testing.T) {
	for _, test := range damages {
		t.Run(test.name, func(t *testing.T) {
			kernel.Namespace(t)
			f := openFirewall(t)
			must(t, f.Restore(t.Context(), whole))
			want := ruleset(t)
			wantFindings(t, "when all is right", check(t, f))
			damage(t, test.commands)
			kernel.Run(t, "nft", foreignTable)
			broken := listed(t)
			wantFindings(t, "after damage", check(t, f), test.want...)
			wantEqual(t, "after the check", listed(t), broken)

			wantFindings(t, "mended,", mend(t, f), test.want...)
			foreign := kernel.Run(t, "nft", "list", "table", "inet", "others")
			kernel.Run(t, "nft", "delete", "table", "inet", "others")
			wantEqual(t, "mended,", ruleset(t), want)
			if !strings.Contains(foreign, "counter packets") {
				t.Errorf("somebody else's table is now\n%s", foreign)
			}
			wantFindings(t, "after mending", check(t, f))
			must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
			must(t, f.SetEndpoint(t.Context(), plain.ID, web))
			wantEqual(t, "after another change", ruleset(t), want)
		})
	}
}

// TestRightStays wants nothing to be made again where nothing is wrong.
func TestRightStays(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	want := listed(t)
	wantFindings(t, "when all is right", mend(t, f))
	wantEqual(t, "after mending nothing", listed(t), want)
}

// TestNoNetworkNoFindings wants nothing found where nothing is to be, and a table
// found that nobody needs.
func TestNoNetworkNoFindings(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), firewall.State{EngineBridges: []link.Name{"docker0"}}))
	wantFindings(t, "without networks", check(t, f))
	kernel.Run(t, "nft", "add table inet mybridge")
	wantFindings(t, "with a leftover", mend(t, f), "table inet mybridge is there, and no network needs it")
	wantEqual(t, "in the end", ruleset(t), "")
	antispoof := openAs(t, "second", Options{AntispoofOnly: true})
	must(t, antispoof.Restore(t.Context(), whole))
	wantFindings(t, "with antispoof only", check(t, antispoof))
}

// TestAcceptsAreChecked wants what is wrong with the accepts told and mended with the
// rest.
func TestAcceptsAreChecked(t *testing.T) {
	kernel.Namespace(t)
	gone := health.Finding{Part: health.Rules, Subject: "jump", Problem: "is gone", Meaning: "m", Fix: "f"}
	told := &accepts{}
	f := openAs(t, "mybridge", Options{Accepts: told})
	must(t, f.Restore(t.Context(), whole))
	told.broken = []health.Finding{gone}
	kernel.Run(t, "nft", "delete table inet mybridge")
	want := []string{"table inet mybridge is gone", "jump is gone"}
	wantFindings(t, "after damage", check(t, f), want...)
	wantFindings(t, "mended,", mend(t, f), want...)
	wantFindings(t, "after mending", check(t, f))
	told.failure = errors.New("no iptables")
	if _, err := f.Check(t.Context()); !errors.Is(err, told.failure) {
		t.Errorf("a check of iptables failed, and the error is %v", err)
	}
}

// TestNothingFoundAmidChanges wants no finding while our own changes are under way.
func TestNothingFoundAmidChanges(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	var group errgroup.Group
	for i := range uint16(100) {
		e := firewall.Endpoint{ID: fmt.Sprint(i), Link: link.Name(fmt.Sprint("mbv", i)), MAC: mail.MAC, Ports: []hostport.Mapping{
			mapping(hostport.TCP, fmt.Sprintf("0.0.0.0:%d", 9000+i), fmt.Sprintf("192.0.2.9:%d", 1+i)),
		}}
		group.Go(kernel.InNamespace(t, func() error { return f.SetEndpoint(t.Context(), plain.ID, e) }))
		group.Go(kernel.InNamespace(t, func() error {
			findings, err := f.Mend(t.Context())
			if len(findings) > 0 {
				err = fmt.Errorf("found are %v", findings)
			}
			return err
		}))
	}
	must(t, group.Wait())
	wantFindings(t, "after the changes", check(t, f))
}

// TestDisturbedLooks wants a look taken again that somebody disturbed, and what is
// wrong all the same to be told.
func TestDisturbedLooks(t *testing.T) {
	type look struct {
		findings    []health.Finding
		undisturbed bool
		err         error
	}
	wrong, failure := []health.Finding{{Subject: "table"}}, errors.New("table is gone")
	for name, test := range map[string]struct {
		looks []look
		want  look
		taken int
	}{
		"right":               {[]look{{undisturbed: true}}, look{}, 1},
		"right, disturbed":    {[]look{{}}, look{}, 1},
		"wrong":               {[]look{{wrong, true, nil}}, look{findings: wrong}, 1},
		"seemed wrong":        {[]look{{wrong, false, nil}, {}}, look{}, 2},
		"failed once":         {[]look{{nil, false, failure}, {wrong, true, nil}}, look{findings: wrong}, 2},
		"wrong, and no peace": {slices.Repeat([]look{{wrong, false, nil}}, looks), look{findings: wrong}, looks},
		"fails":               {slices.Repeat([]look{{nil, false, failure}}, looks), look{err: failure}, looks},
	} {
		taken := 0
		findings, err := steady(func() ([]health.Finding, bool, error) {
			taken++
			this := test.looks[taken-1]
			return this.findings, this.undisturbed, this.err
		})
		if taken != test.taken || !slices.Equal(findings, test.want.findings) || !errors.Is(err, test.want.err) {
			t.Errorf("%s: %d looks found %v and failed with %v, want %d, %v and %v", name, taken, findings, err, test.taken, test.want.findings, test.want.err)
		}
	}
}

// TestCheckUnderOthersChanges wants nothing found while somebody deletes tables that
// the kernel lists before ours.
func TestCheckUnderOthersChanges(t *testing.T) {
	kernel.Namespace(t)
	var add strings.Builder
	for i := range 500 {
		fmt.Fprintf(&add, "add table inet other%d; add chain inet other%[1]d chain%d; ", i/10, i%10)
	}
	kernel.Run(t, "nft", add.String())
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), crowd(100, 1)))
	for i := range 50 {
		deletion := exec.Command("nft", fmt.Sprintf("delete table inet other%d", i))
		must(t, deletion.Start())
		wantFindings(t, "beside others", check(t, f))
		must(t, deletion.Wait())
	}
}

// TestCheckOfMany prints how long a check takes.
func TestCheckOfMany(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), crowd(100, 10)))
	began := time.Now()
	wantFindings(t, "of many", check(t, f))
	t.Logf("checked 100 networks with 1000 endpoints and 1000 ports in %v", time.Since(began))
	kernel.Run(t, "nft", "flush", "ruleset")
	began = time.Now()
	mend(t, f)
	t.Logf("made all of it again in %v", time.Since(began))
	wantFindings(t, "mended,", check(t, f))
}

// crowd is so many networks with so many endpoints each, of a port each.
func crowd(networks, endpoints int) firewall.State {
	var state firewall.State
	for i := range networks {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		n := firewall.NetworkState{Network: firewall.Network{
			ID: fmt.Sprintf("%012x", i), Bridge: link.Name(fmt.Sprintf("mb-%d", i)), BridgeMAC: link.MAC{2, 1, 0, 0, byte(i >> 8), byte(i)},
			Masquerade: true, Antispoof: true, Subnets: []firewall.Subnet{{Prefix: prefix, Gateway: prefix.Addr().Next(), Mode: firewall.NAT}},
		}}
		address := prefix.Addr().Next()
		for j := range endpoints {
			address = address.Next()
			number := i*endpoints + j
			n.Endpoints = append(n.Endpoints, firewall.Endpoint{
				ID: fmt.Sprint(number), Link: link.Name(fmt.Sprint("mbv", number)), Addresses: []netip.Addr{address},
				MAC: link.MAC{2, 2, 0, byte(number >> 16), byte(number >> 8), byte(number)},
				Ports: []hostport.Mapping{
					{Protocol: hostport.TCP, Host: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(2000+number)), Container: netip.AddrPortFrom(address, 80)},
				},
			})
		}
		state.Networks = append(state.Networks, n)
	}
	return state
}
