package driver

import (
	"io"
	"maps"
	"reflect"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/internal/firewall"
)

// TestLoad wants a driver that changes nothing by being opened, knows what the packet
// filter should have, and finds, mends and removes as one that runs does.
func TestLoad(t *testing.T) {
	w, _, e := attachedWorld(t)
	clear(w.held) // the process is gone
	delete(w.bridges, "mb-n1")
	bridges, networks, endpoints, forwarding := maps.Clone(w.bridges), maps.Clone(w.networks), maps.Clone(w.endpoints), w.forwarding
	log := logrus.New()
	log.SetOutput(io.Discard)
	d, state, err := Load(t.Context(), Config{State: w, Links: w, Firewall: w, Ports: w, Log: log})
	must(t, err)
	if len(w.held) > 0 || !maps.Equal(w.bridges, bridges) || !reflect.DeepEqual(w.networks, networks) || !reflect.DeepEqual(w.endpoints, endpoints) || w.forwarding != forwarding {
		t.Error("loading changed something")
	}
	want := firewall.State{Networks: []firewall.NetworkState{{Network: w.rules["n1"], Endpoints: []firewall.Endpoint{w.endpointRules["e1"]}}}}
	if !reflect.DeepEqual(state, want) {
		t.Errorf("the filter should have %+v\nwant %+v", state, want)
	}
	wantFound(t, d.Mend, "bridge mb-n1 of network n1 is gone")
	wantFound(t, d.Check, "")
	must(t, deleteEndpoint(t.Context(), d, "n1", e.ID))
	must(t, deleteNetwork(t.Context(), d, "n1"))
	w.check(t, "after all is removed")
	kept, keptEndpoints, err := d.Records(t.Context())
	must(t, err)
	if len(kept)+len(keptEndpoints)+len(w.networks) > 0 {
		t.Errorf("left are %v, %v, %v", kept, keptEndpoints, w.networks)
	}
}

// TestRecords wants all networks and endpoints as they are kept.
func TestRecords(t *testing.T) {
	w, d, _ := attachedWorld(t)
	networks, endpoints, err := d.Records(t.Context())
	must(t, err)
	if len(networks) != 1 || !reflect.DeepEqual(networks[0], w.networks["n1"]) || len(endpoints) != 1 || !reflect.DeepEqual(endpoints[0], w.endpoints["n1e1"]) {
		t.Errorf("got %+v, %+v", networks, endpoints)
	}
}
