package driver

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/health"
	"mybridge/internal/link"
	"mybridge/internal/repair"
)

// A repairer knows that links are repaired one by one.
var _ repair.Sparing = (*Driver)(nil)

// TestSparedIsLeftAlone wants what is spared left as it is and not told, and what is
// broken beside it mended.
func TestSparedIsLeftAlone(t *testing.T) {
	for name, test := range map[string]struct {
		spared string
		damage func(w *world, first, second link.Name)
		want   []string
		// lasting is what is found after it.
		lasting []string
	}{
		"link": {
			"link L1 of endpoint e1",
			func(w *world, first, second link.Name) { w.deleteLink(first); w.deleteLink(second) },
			[]string{"link L2 of endpoint e2 is gone"},
			[]string{"link L1 of endpoint e1 is gone"},
		},
		"bridge, and what cannot be mended without": {
			"bridge mb-n1 of network n1",
			func(w *world, first, second link.Name) {
				delete(w.bridges, "mb-n1")
				w.broken[first] = "is no port of bridge mb-n1"
				w.broken[second] = "is down"
			},
			[]string{"link L2 of endpoint e2 is down"},
			[]string{"bridge mb-n1 of network n1 is gone", "link L1 of endpoint e1 is no port of bridge mb-n1"},
		},
		"setting": {
			"setting net.ipv4.ip_forward",
			func(w *world, first, _ link.Name) { w.forwarding = false; w.deleteLink(first) },
			[]string{"link L1 of endpoint e1 is gone"},
			[]string{"setting net.ipv4.ip_forward is off"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := containerWorld(t)
			first, second := w.endpoints["n1e1"].Link, w.endpoints["n2e2"].Link
			named := strings.NewReplacer("L1", string(first), "L2", string(second))
			test.damage(w, first, second)
			spared := func(subject string) bool { return subject == named.Replace(test.spared) }
			wantAllFound(t, func(ctx context.Context) ([]health.Finding, error) { return d.MendBut(ctx, spared) }, named, test.want)
			wantAllFound(t, d.Check, named, test.lasting)
			must(t, ignored(d.Mend(t.Context())))
			wantFound(t, d.Check, "")
		})
	}
}

func ignored(_ []health.Finding, err error) error { return err }

func wantAllFound(t *testing.T, look func(context.Context) ([]health.Finding, error), named *strings.Replacer, want []string) {
	t.Helper()
	findings, err := look(t.Context())
	must(t, err)
	var lines []string
	for _, line := range want {
		lines = append(lines, named.Replace(line))
	}
	if got := found(findings); !slices.Equal(got, lines) {
		t.Errorf("found %q, want %q", got, lines)
	}
}

// TestPortStillTaken wants a port that another process still has told as what could not
// be mended, not as repaired at each look.
func TestPortStillTaken(t *testing.T) {
	w, _, _ := attachedWorld(t)
	host := netip.MustParseAddrPort("0.0.0.0:8080")
	w.taken[host] = true
	d := w.open(t)
	for _, taken := range []bool{true, true, false} {
		w.taken[host] = taken
		findings, err := d.Mend(t.Context())
		must(t, err)
		if len(findings) != 1 || (findings[0].Fix == "") != taken {
			t.Errorf("found %+v, want the port, mended only where it is free", findings)
		}
	}
	wantFound(t, d.Mend, "")
}
