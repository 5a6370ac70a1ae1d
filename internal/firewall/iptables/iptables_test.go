package iptables

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/test/kernel"
)

func open(t *testing.T, instance string) *Firewall {
	t.Helper()
	f, err := Open(instance)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// saved returns the rules and chains of both families, as a person lists them.
func saved(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, program := range []string{"iptables-save", "ip6tables-save"} {
		for line := range strings.Lines(kernel.Run(t, program)) {
			if strings.HasPrefix(line, "-A ") || strings.HasPrefix(line, ":MYBRIDGE") || strings.HasPrefix(line, "*") && len(lines) > 0 {
				lines = append(lines, program+" "+line)
			}
		}
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, " *") }), "")
}

var (
	plain    = firewall.Network{ID: "n1", Bridge: "br1", Subnets: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("2001:db8::/64")}, Masquerade: true}
	internal = firewall.Network{ID: "n2", Bridge: "br2", Subnets: []netip.Prefix{netip.MustParsePrefix("192.0.2.128/25")}, Internal: true, Masquerade: true}
	bare     = firewall.Network{ID: "n3", Bridge: "br3"}
)

func TestEnsureAndRemove(t *testing.T) {
	kernel.Namespace(t)
	kernel.Run(t, "iptables", "-N", "DOCKER-USER")
	kernel.Run(t, "iptables", "-A", "FORWARD", "-j", "DOCKER-USER")
	before := saved(t)
	f := open(t, "mybridge")
	for range 2 {
		must(t, f.Ensure(t.Context(), plain))
	}
	one := saved(t)
	for _, want := range []string{
		"iptables-save -A MYBRIDGE-POSTROUTING -s 192.0.2.0/25 ! -o br1 -j MASQUERADE\n",
		"ip6tables-save -A MYBRIDGE-POSTROUTING -s 2001:db8::/64 ! -o br1 -j MASQUERADE\n",
		"iptables-save -A FORWARD -j DOCKER-USER\niptables-save -A FORWARD -j MYBRIDGE-FORWARD\n",
	} {
		if strings.Count(one, want) != 1 {
			t.Errorf("%q is not once in\n%s", want, one)
		}
	}
	must(t, f.Ensure(t.Context(), internal))
	must(t, f.Ensure(t.Context(), bare))
	if both := saved(t); strings.Contains(both, "192.0.2.128/25 ! -o br2 -j MASQUERADE") || !strings.Contains(both, "-i br2 ! -o br2 -j DROP") {
		t.Errorf("the internal network has not the rules it should:\n%s", both)
	}
	for range 2 {
		must(t, f.Remove(t.Context(), internal))
		must(t, f.Remove(t.Context(), bare))
	}
	if left := saved(t); left != one {
		t.Errorf("without the second network the rules are\n%swith the first alone they were\n%s", left, one)
	}
	must(t, f.Remove(t.Context(), plain))
	if left := saved(t); left != before {
		t.Errorf("without a network the rules are\n%sbefore they were\n%s", left, before)
	}
}

// TestRestore wants missing rules back, others' leftovers in our chains gone,
// and what is right left as it is.
func TestRestore(t *testing.T) {
	kernel.Namespace(t)
	f := open(t, "mybridge")
	must(t, f.Ensure(t.Context(), plain))
	must(t, f.Ensure(t.Context(), internal))
	want := saved(t)
	kernel.Run(t, "iptables", "-t", "nat", "-F")
	kernel.Run(t, "iptables", "-D", "FORWARD", "-j", "MYBRIDGE-FORWARD")
	kernel.Run(t, "iptables", "-A", "MYBRIDGE-FORWARD", "-s", "203.0.113.0/24", "-j", "ACCEPT")
	kernel.Run(t, "ip6tables", "-t", "mangle", "-F", "MYBRIDGE-FORWARD")
	must(t, f.Restore(t.Context(), []firewall.Network{plain, internal}))
	if got := saved(t); got != want {
		t.Errorf("restored, the rules are\n%swant\n%s", got, want)
	}
	must(t, f.Restore(t.Context(), nil))
	if left := saved(t); left != "" {
		t.Errorf("restored without networks, these rules are left:\n%s", left)
	}
}

// TestNothingToDoIsNothingDone wants a restore of intact rules not to touch
// them: counters go on, so no packet met a missing rule.
func TestNothingToDoIsNothingDone(t *testing.T) {
	kernel.Namespace(t)
	f := open(t, "mybridge")
	must(t, f.Ensure(t.Context(), plain))
	handles := kernel.Run(t, "nft", "-a", "list", "ruleset")
	must(t, f.Restore(t.Context(), []firewall.Network{plain}))
	if again := kernel.Run(t, "nft", "-a", "list", "ruleset"); again != handles {
		t.Errorf("the rules were made again:\n%s\nfrom\n%s", again, handles)
	}
}

func TestInstancesKeepApart(t *testing.T) {
	kernel.Namespace(t)
	first, second := open(t, "mybridge"), open(t, "second")
	must(t, first.Ensure(t.Context(), plain))
	one := saved(t)
	must(t, second.Ensure(t.Context(), internal))
	must(t, first.Restore(t.Context(), []firewall.Network{plain}))
	if !strings.Contains(saved(t), "-i br2 -o br2 -j ACCEPT") {
		t.Error("the first instance removed rules of the second")
	}
	must(t, second.Restore(t.Context(), nil))
	if left := saved(t); left != one {
		t.Errorf("without the second instance the rules are\n%swant\n%s", left, one)
	}
}
