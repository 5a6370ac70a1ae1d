package driver

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/health"
)

// attachedWorld is a network with an endpoint that publishes a port.
func attachedWorld(t *testing.T) (*world, *Driver, Endpoint) {
	t.Helper()
	w, d := dualStack(t, onlyIPv4)
	must(t, d.Publish(t.Context(), "n1", "e1", publication(8080)))
	return w, d, w.endpoints["n1e1"]
}

func found(findings []health.Finding) []string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	return lines
}

// TestWhatIsBroken wants each thing that somebody breaks to be found and named, and
// mended where it can be. The container's namespace is not there.
func TestWhatIsBroken(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(w *world, e Endpoint)
		want   string
		// lasting is what no repair can mend.
		lasting bool
	}{
		"bridge gone":    {func(w *world, _ Endpoint) { delete(w.bridges, "mb-n1") }, "bridge mb-n1 of network n1 is gone", false},
		"bridge down":    {func(w *world, _ Endpoint) { w.broken["mb-n1"] = "is down" }, "bridge mb-n1 of network n1 is down", false},
		"no port of it":  {func(w *world, e Endpoint) { w.broken[e.Link] = "is no port of bridge mb-n1" }, "of endpoint e1 is no port of bridge mb-n1", false},
		"link gone":      {func(w *world, e Endpoint) { delete(w.veths, e.Link) }, "of endpoint e1 is gone", true},
		"forwarding off": {func(w *world, _ Endpoint) { w.forwarding = false }, "setting net.ipv4.ip_forward is off", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, d, e := attachedWorld(t)
			wantFound(t, d.Check, "")
			test.damage(w, e)
			wantFound(t, d.Check, test.want)
			wantFound(t, d.Mend, test.want)
			if test.lasting {
				wantFound(t, d.Check, test.want)
				return
			}
			wantFound(t, d.Check, "")
		})
	}
}

// TestPortTakenMeanwhile wants a port that another process took while the plugin was
// down to be told, and held again when it is free.
func TestPortTakenMeanwhile(t *testing.T) {
	w, _, _ := attachedWorld(t)
	host := netip.MustParseAddrPort("0.0.0.0:8080")
	w.taken[host] = true
	d := w.open(t)
	wantFound(t, d.Mend, "port 80/tcp -> 0.0.0.0:8080 of endpoint e1 is not held: another process has it")
	delete(w.taken, host)
	wantFound(t, d.Mend, "port 80/tcp -> 0.0.0.0:8080 of endpoint e1 is not held: another process has it")
	wantFound(t, d.Check, "")
	if got := len(w.held["e1"]); got != 2 {
		t.Errorf("%d ports are held, want those of both families", got)
	}
}

// TestNotJoinedYet wants an endpoint that no container has to miss nothing.
func TestNotJoinedYet(t *testing.T) {
	w := newWorld()
	d := w.open(t)
	must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
	_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
	must(t, err)
	wantFound(t, d.Check, "")
}

// wantFound wants one finding that ends so, or with "" none.
func wantFound(t *testing.T, look func(context.Context) ([]health.Finding, error), want string) {
	t.Helper()
	findings, err := look(t.Context())
	must(t, err)
	lines := found(findings)
	if want == "" && len(lines) > 0 || want != "" && (len(lines) != 1 || !strings.HasSuffix(lines[0], want)) {
		t.Errorf("found %q, want %q", lines, want)
	}
}

// TestTwiceSuspectToldOnce wants a network with two kinds of damage looked at once.
func TestTwiceSuspectToldOnce(t *testing.T) {
	w, _, _ := attachedWorld(t)
	w.taken[netip.MustParseAddrPort("0.0.0.0:8080")] = true
	d := w.open(t)
	w.broken["mb-n1"] = "is down"
	findings, err := d.Check(t.Context())
	must(t, err)
	if got := found(findings); len(got) != 2 {
		t.Errorf("found %q, want the bridge and the port once each", got)
	}
}
