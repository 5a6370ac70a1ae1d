// Package events tells who follows of what happens in the plugin, as it happens. It
// keeps nothing for who comes later, and touches nothing.
package events

import (
	"fmt"
	"time"

	"mybridge/driver"
	"mybridge/internal/health"
	"mybridge/internal/host"
)

// Kind says what happened: one of the driver's kinds, or one of these.
type Kind string

// What happens besides networks and endpoints.
const (
	// Repaired: somebody else broke something, and it was mended.
	Repaired Kind = "repaired"
	// Unrepairable: something is broken that only a person can mend.
	Unrepairable Kind = "unrepairable"
	// Refused: a call of the engine was answered with an error.
	Refused Kind = "refused"
	// Lost: the follower was too slow, and some events were dropped.
	Lost Kind = "lost"
)

// Event is one thing that happened.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Network and Endpoint are the engine's IDs, empty where it is about none.
	Network  driver.NetworkID  `json:"network,omitempty"`
	Endpoint driver.EndpointID `json:"endpoint,omitempty"`
	// Call is the method that was refused, Part what was broken (package health).
	Call   string `json:"call,omitempty"`
	Part   string `json:"part,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Driver tells of a network or an endpoint.
func (b *Bus) Driver(e driver.Event) {
	b.publish(Event{Kind: Kind(e.Kind), Network: e.Network, Endpoint: e.Endpoint, Detail: e.Detail})
}

// Repair tells of what was broken.
func (b *Bus) Repair(f health.Finding, mended bool) {
	e := Event{Kind: Repaired, Part: f.Part, Detail: f.String()}
	if !mended {
		e.Kind, e.Detail = Unrepairable, e.Detail+": "+f.Meaning
	}
	b.publish(e)
}

// Call tells of a call that was answered with an error.
func (b *Bus) Call(method string, err error) {
	if err != nil {
		b.publish(Event{Kind: Refused, Call: method, Detail: host.Explain(err).Error()})
	}
}

func lost(count int) Event {
	return Event{Time: time.Now(), Kind: Lost, Detail: fmt.Sprintf("%d events, as they were not read in time", count)}
}
