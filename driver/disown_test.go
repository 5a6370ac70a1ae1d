package driver

import (
	"net/netip"
	"testing"
)

// TestFailedDeletionKeepsNoAddress lets each effect of an endpoint's deletion fail. The
// engine releases the address all the same, so that is nobody's from then on; after a
// restart too, unless the state does not know of the deletion.
func TestFailedDeletionKeepsNoAddress(t *testing.T) {
	address := netip.MustParseAddr("10.1.0.2")
	const kept, effects = 0, 4 // kept as deleting, rules, link, forgotten
	for effect := range effects {
		w, d := worldBefore(t, 3)
		w.effects = effect
		if err := deleteEndpoint(t.Context(), d, "n1", "e1"); err == nil {
			t.Fatalf("effect %d did not fail", effect)
		}
		if owner, owned := d.EndpointOf(address); owned {
			t.Errorf("with effect %d failing, the address is that of %s", effect, owner)
		}
		records := make([]Endpoint, 0, 1)
		for _, e := range w.endpoints {
			records = append(records, e)
		}
		if owner, owned := NewOwners(nil, records).EndpointOf(address); owned && effect != kept {
			t.Errorf("with effect %d failing, the address is kept as that of %s", effect, owner)
		}
	}
}
