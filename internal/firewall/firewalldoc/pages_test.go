package firewalldoc

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/firewall/nftables"
	"mybridge/test/kernel"
)

var update = flag.Bool("update", false, "write docs/firewall in the place of comparing with it")

// directory is where the pages are.
const directory = "../../../docs/firewall"

// index is the one page that a person writes.
const index = "index"

const (
	asFixed = "Beside the [rules that are always the same](fixed-rules.md):"
	asPlain = "What differs from an [ordinary network](nat.md) of IPv4 alone:"
)

// TestPages wants docs/firewall to show the rules that are there, each with its
// sentence.
func TestPages(t *testing.T) {
	kernel.Namespace(t)
	h := openHost(t)
	reference := h.list(t, plain())
	introduction, others := asFixed, listing{nft: fixed(reference.nft), accepts: reference.accepts}
	var all []listing
	pages := map[string]string{}
	for _, k := range kinds() {
		seen := h.list(t, k.state)
		all = append(all, seen)
		pages[k.page] = kindPage(k, introduction, seen, others)
		introduction, others = asPlain, reference
	}
	pages["fixed-rules"] = fixedPage(all, reference)

	wantSentences(t, append(all, reference))
	if t.Failed() {
		return // a page would have gaps
	}
	for name, text := range pages {
		wantPage(t, name, text)
	}
	wantNoOther(t, pages)
}

// host is the back ends in the test's namespace.
type host struct {
	nftables *nftables.Firewall
	iptables *iptables.Firewall
	// antispoof is what stands beside iptables.
	antispoof *nftables.Firewall
}

func openHost(t *testing.T) host {
	t.Helper()
	accepts, err := iptables.OpenAccepts("mybridge")
	must(t, err)
	byIPTables, err := iptables.Open("mybridge")
	must(t, err)
	return host{openNFTables(t, nftables.Options{Accepts: accepts}), byIPTables, openNFTables(t, nftables.Options{AntispoofOnly: true})}
}

func openNFTables(t *testing.T, options nftables.Options) *nftables.Firewall {
	t.Helper()
	f, err := nftables.Open("mybridge", options)
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

// list sets the state by one back end and then by the other.
func (h host) list(t *testing.T, state firewall.State) listing {
	t.Helper()
	var l listing
	must(t, h.nftables.Restore(t.Context(), state))
	l.nft = parseNFT(kernel.Run(t, "nft", "list", "ruleset"), "mybridge")
	l.accepts = parseSaved(kernel.Run(t, "iptables-save"))
	if ipv6 := parseSaved(kernel.Run(t, "ip6tables-save")); !slices.EqualFunc(ipv6, l.accepts, block.equal) {
		t.Errorf("beside nftables ip6tables-save lists %v, iptables-save %v", ipv6, l.accepts)
	}
	must(t, h.nftables.Restore(t.Context(), firewall.State{}))

	must(t, h.iptables.Restore(t.Context(), state))
	must(t, h.antispoof.Restore(t.Context(), state))
	l.ipv4 = parseSaved(kernel.Run(t, "iptables-save"))
	l.ipv6 = parseSaved(kernel.Run(t, "ip6tables-save"))
	beside := parseNFT(kernel.Run(t, "nft", "list", "ruleset"), "mybridge")
	if want := inTable(l.nft, "bridge"); !slices.EqualFunc(beside, want, block.equal) {
		t.Errorf("beside iptables nft lists %v, with nftables %v", beside, want)
	}
	must(t, h.iptables.Restore(t.Context(), firewall.State{}))
	must(t, h.antispoof.Restore(t.Context(), firewall.State{}))
	return l
}

// wantSentences wants one sentence for each set, chain and rule, and none for what
// is nowhere.
func wantSentences(t *testing.T, all []listing) {
	t.Helper()
	seen := map[string][]sentence{}
	for _, l := range all {
		for _, p := range l.parts() {
			for _, b := range p.blocks {
				for _, subject := range b.subjects() {
					seen[subject] = p.sentences
				}
			}
		}
	}
	used := map[sentence]bool{}
	for subject, sentences := range seen {
		if texts := explanations(sentences, subject); len(texts) != 1 {
			t.Errorf("%q has %d sentences, want one: write or mend it in nftsentences.go or iptablessentences.go %q", subject, len(texts), texts)
		}
		for _, s := range sentences {
			used[s] = used[s] || s.pattern.MatchString(subject)
		}
	}
	for s, isUsed := range used {
		if !isUsed {
			t.Errorf("no rule is %q any more: take its sentence away", s.pattern)
		}
	}
}

// wantPage compares the page with the committed one, or writes it.
func wantPage(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(directory, name+".md")
	if *update {
		must(t, os.WriteFile(file, []byte(text), 0o644))
		return
	}
	compare := exec.Command("diff", "--unified", "--new-file", file, "-")
	compare.Stdin = strings.NewReader(text)
	if difference, err := compare.CombinedOutput(); err != nil {
		t.Errorf("%s.md is not what the rules are; 'make docs' writes it:\n%s", name, difference)
	}
}

// wantNoOther wants no page that is not written here, and the index to lead to all.
func wantNoOther(t *testing.T, pages map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, index+".md"))
	must(t, err)
	for name := range pages {
		if !strings.Contains(string(text), "("+name+".md)") {
			t.Errorf("%s.md has no link to %s.md", index, name)
		}
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.md"))
	must(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if _, written := pages[name]; !written && name != index {
			t.Errorf("%s.md is no page of any kind: take it away", name)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
