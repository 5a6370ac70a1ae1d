package nftables

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// TestRestore wants the same rules whatever was there: nothing, nothing any more,
// or what an earlier process had; and others' rules as they were.
func TestRestore(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	want := ruleset(t)

	kernel.Run(t, "nft", "flush", "ruleset")
	must(t, f.Restore(t.Context(), whole))
	wantEqual(t, "after a flush", ruleset(t), want)

	kernel.Run(t, "nft", "delete rule inet mybridge entering handle "+handleOf(t, "drop"))
	must(t, f.Restore(t.Context(), whole))
	wantEqual(t, "after a deletion", ruleset(t), want)

	earlier := openFirewall(t)
	must(t, earlier.Restore(t.Context(), firewall.State{}))
	must(t, earlier.SetNetwork(t.Context(), firewall.Network{ID: "gone", Bridge: "mb-gone"}))
	must(t, f.Restore(t.Context(), whole))
	wantEqual(t, "over another state", ruleset(t), want)

	kernel.Run(t, "nft", foreignTable)
	must(t, openFirewall(t).Restore(t.Context(), firewall.State{}))
	if left := ruleset(t); !strings.HasPrefix(left, "table inet others") || strings.Contains(left, "mybridge") {
		t.Errorf("restored without networks, the rules are\n%s", left)
	}
}

// handleOf is the handle of the entering chain's rule of one word.
func handleOf(t *testing.T, rule string) string {
	t.Helper()
	for line := range strings.Lines(kernel.Run(t, "nft", "-a", "list", "chain", "inet", "mybridge", "entering")) {
		if found, handle, _ := strings.Cut(strings.TrimSpace(line), " # handle "); found == rule {
			return handle
		}
	}
	t.Fatalf("no rule %q", rule)
	return ""
}

// TestRulesGone wants the change that finds our rules gone to make all again.
func TestRulesGone(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	want := ruleset(t)
	for _, damage := range []string{"delete table inet mybridge", "delete table bridge mybridge", "flush ruleset"} {
		must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
		kernel.Run(t, "nft", damage)
		must(t, f.SetEndpoint(t.Context(), plain.ID, web))
		wantEqual(t, damage+":", ruleset(t), want)
	}
}

// TestRefusedChange wants a change that the kernel refuses to change nothing, and
// the next one to work.
func TestRefusedChange(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	before := ruleset(t)
	rival := mail
	rival.ID, rival.Link = "rival", "mbv-rival"
	rival.Ports = []hostport.Mapping{
		mapping(hostport.TCP, "0.0.0.0:1000", "192.0.2.3:1000"),
		mapping(hostport.TCP, "0.0.0.0:8080", "192.0.2.3:80"), // is web's
	}
	if err := f.SetEndpoint(t.Context(), plain.ID, rival); err == nil {
		t.Fatal("a host port was published twice")
	}
	wantEqual(t, "after a refusal", ruleset(t), before)
	must(t, f.RemoveNetwork(t.Context(), closed.ID))
	must(t, f.SetNetwork(t.Context(), closed))
	wantEqual(t, "after changes of others", ruleset(t), before)
	must(t, f.RemoveEndpoint(t.Context(), plain.ID, rival.ID))
	rival.Ports = rival.Ports[:1]
	must(t, f.SetEndpoint(t.Context(), plain.ID, rival))
	must(t, f.RemoveEndpoint(t.Context(), plain.ID, rival.ID))
	wantEqual(t, "in the end", ruleset(t), before)
}

// TestDone wants a call whose time is over to change nothing.
func TestDone(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.SetNetwork(done, plain); err == nil {
		t.Error("a call that was cancelled succeeded")
	}
	wantEqual(t, "after a cancelled call", ruleset(t), "")
	must(t, f.SetNetwork(t.Context(), plain))
}

// TestListingLoads wants a person to be able to keep the listing and load it, as
// distributions do at boot.
func TestListingLoads(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	must(t, f.Restore(t.Context(), whole))
	listing := kernel.Run(t, "nft", "list", "table", "inet", "mybridge")
	file := filepath.Join(t.TempDir(), "listing")
	must(t, os.WriteFile(file, []byte(listing), 0o600))
	kernel.Run(t, "nft", "delete", "table", "inet", "mybridge")
	kernel.Run(t, "nft", "-f", file)
	wantEqual(t, "loaded again", kernel.Run(t, "nft", "list", "table", "inet", "mybridge"), listing)
}

// accepts remembers what it was last told.
type accepts struct {
	bridges []link.Name
	failure error
	// broken is found, until it is mended.
	broken []health.Finding
}

func (a *accepts) Check(context.Context) ([]health.Finding, error) { return a.broken, a.failure }

func (a *accepts) Mend(context.Context) ([]health.Finding, error) {
	found := a.broken
	a.broken = nil
	return found, a.failure
}

func (a *accepts) Assume(_ context.Context, bridges []link.Name) error {
	a.bridges = bridges
	return nil
}

func (a *accepts) Transactions() firewall.Transactions { return firewall.Transactions{} }

func (a *accepts) Watch(context.Context, func()) error { return firewall.ErrNoWatch }

func (a *accepts) Set(_ context.Context, bridges []link.Name) error {
	if a.failure == nil {
		a.bridges = bridges
	}
	return a.failure
}

func TestAccepts(t *testing.T) {
	kernel.Namespace(t)
	told := &accepts{failure: os.ErrDeadlineExceeded}
	f := openAs(t, "mybridge", Options{Accepts: told})
	if err := f.SetNetwork(t.Context(), plain); err == nil {
		t.Error("a bridge that is not accepted was set")
	}
	told.failure = nil
	must(t, f.SetNetwork(t.Context(), plain))
	must(t, f.SetNetwork(t.Context(), closed))
	wantBridges(t, told, "mb-closed", "mb-plain")
	must(t, f.RemoveNetwork(t.Context(), plain.ID))
	wantBridges(t, told, "mb-closed")
	must(t, f.Restore(t.Context(), whole))
	wantBridges(t, told, "mb-bare", "mb-closed", "mb-plain", "mb-special")
	must(t, f.Restore(t.Context(), firewall.State{}))
	wantBridges(t, told)
}

func wantBridges(t *testing.T, told *accepts, want ...string) {
	t.Helper()
	var got []string
	for _, bridge := range told.bridges {
		got = append(got, string(bridge))
	}
	slices.Sort(got)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("accepted are %v, want %v", got, want)
	}
}
