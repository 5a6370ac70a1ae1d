package driver

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/internal/hostport"
)

// TestEvents wants each step of an endpoint's life told once, when it is done, and
// nothing of what fails or changes nothing.
func TestEvents(t *testing.T) {
	w := newWorld()
	log, _ := test.NewNullLogger()
	var told []string
	d, err := Open(t.Context(), Config{State: w, Links: w, Firewall: w, Ports: w, Log: log, Observe: func(e Event) {
		told = append(told, fmt.Sprintf("%s %s %s: %s", e.Kind, e.Network, e.Endpoint, e.Detail))
	}})
	must(t, err)
	c := config("n1", "10.1.0.0/24")
	c.BridgeName = "shop0"
	must(t, d.CreateNetwork(t.Context(), c))
	must(t, d.CreateNetwork(t.Context(), c))
	if err := d.CreateNetwork(t.Context(), config("n2", "10.1.0.0/25")); err == nil {
		t.Error("a subnet was given twice")
	}
	e := endpoint("n1", "e1", "10.1.0.2/24")
	created, err := d.CreateEndpoint(t.Context(), e)
	must(t, err)
	_, err = d.CreateEndpoint(t.Context(), e)
	must(t, err)
	_, err = d.Join(t.Context(), "n1", "e1", "sandbox-e1")
	must(t, err)
	publication := Publication{Ports: []PortRequest{{Protocol: hostport.TCP, Container: 80, Host: netip.IPv4Unspecified(), First: 8080, Last: 8080}}}
	must(t, d.Publish(t.Context(), "n1", "e1", publication))
	must(t, d.Publish(t.Context(), "n1", "e1", publication))
	must(t, d.Unpublish(t.Context(), "n1", "e1"))
	must(t, d.Unpublish(t.Context(), "n1", "e1"))
	must(t, d.Leave(t.Context(), "n1", "e1"))
	must(t, d.Leave(t.Context(), "n1", "e1"))
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	must(t, d.DeleteEndpoint(t.Context(), "n1", "e1"))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	must(t, d.DeleteNetwork(t.Context(), "n1"))
	must(t, d.Unpublish(t.Context(), "n1", "e1"))
	must(t, d.Leave(t.Context(), "n1", "e1"))
	ofEndpoint := fmt.Sprintf("n1 e1: 10.1.0.2/24, link %s", created.Link)
	want := []string{
		"network-created n1 : 10.1.0.0/24, bridge shop0",
		"endpoint-created " + ofEndpoint,
		"endpoint-attached " + ofEndpoint,
		"ports-published n1 e1: 80/tcp -> 0.0.0.0:8080",
		"ports-unpublished n1 e1: 80/tcp -> 0.0.0.0:8080",
		"endpoint-detached " + ofEndpoint,
		"endpoint-deleted " + ofEndpoint,
		"network-deleted n1 : 10.1.0.0/24, bridge shop0",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told is\n%q\nwant\n%q", told, want)
	}
}
