package driver

import (
	"fmt"
	"strings"
)

// EventKind says what happened.
type EventKind string

// What happens to networks and endpoints.
const (
	NetworkCreated   EventKind = "network-created"
	NetworkDeleted   EventKind = "network-deleted"
	EndpointCreated  EventKind = "endpoint-created"
	EndpointAttached EventKind = "endpoint-attached"
	EndpointDetached EventKind = "endpoint-detached"
	EndpointDeleted  EventKind = "endpoint-deleted"
	PortsPublished   EventKind = "ports-published"
	PortsUnpublished EventKind = "ports-unpublished"
)

// Event is what has happened to a network or an endpoint.
type Event struct {
	Kind    EventKind
	Network NetworkID
	// Endpoint is empty where it is about the network.
	Endpoint EndpointID
	// Detail says more, for a person.
	Detail string
}

// Observe is told of each event. It is called with the network locked, so it must not
// wait, and may be called concurrently.
type Observe func(Event)

func (d *Driver) tellOfNetwork(kind EventKind, n *network) {
	d.observe(Event{Kind: kind, Network: n.ID, Detail: fmt.Sprintf("%s, bridge %s", listed(n.prefixes()), n.Bridge)})
}

func (d *Driver) tellOfEndpoint(kind EventKind, e Endpoint) {
	d.observe(Event{Kind: kind, Network: e.Network, Endpoint: e.ID, Detail: fmt.Sprintf("%s, link %s", listed(e.addresses()), e.Link)})
}

func (d *Driver) tellOfPorts(kind EventKind, e Endpoint) {
	d.observe(Event{Kind: kind, Network: e.Network, Endpoint: e.ID, Detail: listed(e.HostPorts)})
}

// listed is the values as a person reads them.
func listed[T fmt.Stringer](values []T) string {
	if len(values) == 0 {
		return "no address"
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = value.String()
	}
	return strings.Join(texts, ", ")
}
