package driver

import (
	"slices"
	"testing"

	"mybridge/internal/health"
	"mybridge/internal/link"
)

// containerWorld is a container on two networks, of which the second publishes a port.
func containerWorld(t *testing.T) (*world, *Driver) {
	t.Helper()
	w := newWorld()
	d := w.open(t)
	w.inside["sandbox"] = map[link.Name]link.Name{}
	for _, on := range []struct{ network, pool, endpoint, address, inside string }{
		{"n1", "10.1.0.0/24", "e1", "10.1.0.2/24", "eth0"},
		{"n2", "10.2.0.0/24", "e2", "10.2.0.2/24", "eth1"},
	} {
		must(t, d.CreateNetwork(t.Context(), config(on.network, on.pool)))
		e, err := d.CreateEndpoint(t.Context(), endpoint(on.network, on.endpoint, on.address))
		must(t, err)
		_, err = d.Join(t.Context(), NetworkID(on.network), EndpointID(on.endpoint), "sandbox")
		must(t, err)
		w.inside["sandbox"][link.Name(on.inside)] = e.Link
	}
	must(t, d.Publish(t.Context(), "n2", "e2", publication(8080)))
	wantFound(t, d.Mend, "")
	return w, d
}

// deleteLink is what somebody does to a container.
func (w *world) deleteLink(name link.Name) {
	delete(w.veths, name)
	for _, interfaces := range w.inside {
		for inside, other := range interfaces {
			if other == name {
				delete(interfaces, inside)
			}
		}
	}
}

// TestLinksAreRemade wants links that somebody deleted to be there again under their
// names, also where that was while the plugin was down, and of several first the one
// that had the default route.
func TestLinksAreRemade(t *testing.T) {
	for name, restart := range map[string]bool{"running": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			w, d := containerWorld(t)
			first, second := w.endpoints["n1e1"].Link, w.endpoints["n2e2"].Link
			w.deleteLink(second)
			w.deleteLink(first)
			if restart {
				d = w.open(t)
			}
			findings, err := d.Mend(t.Context())
			must(t, err)
			if len(findings) != 2 || slices.ContainsFunc(findings, func(f health.Finding) bool { return f.Fix == "" }) {
				t.Errorf("found %q, want two that are mended", found(findings))
			}
			wantFound(t, d.Check, "")
			if got := w.inside["sandbox"]; got["eth0"] != first || got["eth1"] != second {
				t.Errorf("the container's interfaces are %v, want eth0 of %s and eth1 of %s", got, first, second)
			}
			if !slices.Equal(w.remade, []link.Name{second, first}) {
				t.Errorf("made again are %v, want the one first that publishes: %v", w.remade, []link.Name{second, first})
			}
			w.check(t, name)
		})
	}
}

// TestHalfMadeLinkIsRemade wants a link that has no alias made anew.
func TestHalfMadeLinkIsRemade(t *testing.T) {
	w, d := containerWorld(t)
	w.broken[w.endpoints["n1e1"].Link] = link.HalfMade
	wantFound(t, d.Mend, "of endpoint e1 has no alias")
	wantFound(t, d.Check, "")
	if len(w.remade) != 1 {
		t.Errorf("%v were made again, want the one", w.remade)
	}
}

// TestNameOfTheEngine wants an interface that somebody has renamed to get the name back
// by which the engine knows it.
func TestNameOfTheEngine(t *testing.T) {
	w, d := containerWorld(t)
	e := w.endpoints["n1e1"]
	w.inside["sandbox"] = map[link.Name]link.Name{"lan0": e.Link, "eth1": w.endpoints["n2e2"].Link}
	wantFound(t, d.Mend, "")
	w.deleteLink(e.Link)
	wantFound(t, d.Mend, "of endpoint e1 is gone")
	if got := w.inside["sandbox"]["eth0"]; got != e.Link {
		t.Errorf("the container's interfaces are %v, want eth0 of %s", w.inside["sandbox"], e.Link)
	}
}

// TestNothingIsRemadeThatGoes wants a link left gone whose endpoint, network or
// container goes, or is gone, whatever has failed of that.
func TestNothingIsRemadeThatGoes(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(w *world, d *Driver)
		want   string
	}{
		"container is gone": {func(w *world, _ *Driver) { delete(w.inside, "sandbox") }, "of endpoint e1 is gone"},
		"endpoint is deleted": {func(_ *world, d *Driver) {
			must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
		}, ""},
		"deletion of the endpoint failed": {func(w *world, d *Driver) {
			w.effects, w.lasting = 1, true
			_ = d.DeleteEndpoint(t.Context(), "n1", "e1")
			w.mend()
		}, ""},
		"deletion of the network failed": {func(w *world, d *Driver) {
			w.effects, w.lasting = 1, true
			_ = d.DeleteNetwork(t.Context(), "n1")
			w.mend()
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := containerWorld(t)
			w.deleteLink(w.endpoints["n1e1"].Link)
			test.damage(w, d)
			for range 2 {
				wantFound(t, d.Mend, test.want)
			}
			if len(w.remade) > 0 {
				t.Errorf("%v were made again", w.remade)
			}
		})
	}
}

// TestDeletedBetweenLookAndRemake wants the phase to count that an endpoint has when
// its link would be made, or that nothing is made where it is gone.
func TestDeletedBetweenLookAndRemake(t *testing.T) {
	w, d := containerWorld(t)
	lost := w.endpoints["n1e1"]
	w.deleteLink(lost.Link)
	w.effects, w.lasting = 1, true
	_ = d.DeleteEndpoint(t.Context(), "n1", "e1")
	w.mend()
	if phase := d.networks["n1"].endpoints["e1"].Phase; phase != Deleting {
		t.Fatalf("the endpoint is %q, want it deleting", phase)
	}
	must(t, d.remakeLinks(t.Context(), []Endpoint{lost}))
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	must(t, d.remakeLinks(t.Context(), []Endpoint{lost}))
	if len(w.remade) > 0 {
		t.Errorf("%v were made again", w.remade)
	}
}

// TestAnotherSandboxAnotherName wants an interface looked at anew where its endpoint is
// joined to another sandbox.
func TestAnotherSandboxAnotherName(t *testing.T) {
	w, d := containerWorld(t)
	_, err := d.Join(t.Context(), "n1", "e1", "other")
	must(t, err)
	w.inside["other"] = map[link.Name]link.Name{"lan0": w.endpoints["n1e1"].Link}
	wantFound(t, d.Mend, "")
	if e := w.endpoints["n1e1"]; e.Interface != "lan0" || e.Sandbox != "other" {
		t.Errorf("kept are interface %s and sandbox %s, want lan0 and other", e.Interface, e.Sandbox)
	}
}
