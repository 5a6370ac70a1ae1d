package driver

import (
	"slices"
	"testing"

	"mybridge/internal/link"
)

// TestHomes wants an endpoint that publishes ports to know the other networks of
// its container, whichever came first, and a restart to forget none.
func TestHomes(t *testing.T) {
	for name, order := range map[string][]EndpointID{"published first": {"e1", "e2"}, "published last": {"e2", "e1"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			d := w.open(t)
			must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
			must(t, d.CreateNetwork(t.Context(), config("n2", "10.2.0.0/24")))
			addresses := map[EndpointID]string{"e1": "10.1.0.2/24", "e2": "10.2.0.2/24"}
			for _, id := range order {
				network := NetworkID("n" + id[1:])
				_, err := d.CreateEndpoint(t.Context(), endpoint(string(network), string(id), addresses[id]))
				must(t, err)
				_, err = d.Join(t.Context(), network, id, "sandbox")
				must(t, err)
				if id == "e1" {
					must(t, d.Publish(t.Context(), "n1", "e1", publication(8080)))
				}
			}
			want := []link.Name{"mb-n2"}
			if got := w.endpointRules["e1"].Homes; !slices.Equal(got, want) {
				t.Errorf("the container's other networks are %v, want %v", got, want)
			}
			d = w.open(t)
			if got := w.endpointRules["e1"].Homes; !slices.Equal(got, want) {
				t.Errorf("after a restart they are %v, want %v", got, want)
			}
			w.check(t, name)
			must(t, deleteEndpoint(t.Context(), d, "n2", "e2"))
			must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
			must(t, deleteNetwork(t.Context(), d, "n1"))
			must(t, deleteNetwork(t.Context(), d, "n2"))
			w.checkEmpty(t, "after all")
			if len(d.sandboxes) > 0 {
				t.Errorf("sandboxes %v are left", d.sandboxes)
			}
		})
	}
}
