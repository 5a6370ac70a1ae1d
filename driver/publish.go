package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"mybridge/internal/fault"
	"mybridge/internal/hostport"
)

// PortRequest is a published port as it was asked for.
type PortRequest struct {
	Protocol hostport.Protocol `json:"protocol"`
	// Container is the port in the container, 1 to 65535.
	Container uint16 `json:"container"`
	// Host is the host address to publish on, zero where the network says it.
	Host netip.Addr `json:"host"`
	// First and Last are the range of host ports of which the lowest free one is
	// taken; both 0 for any.
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
}

// Publication is what an endpoint is to publish.
type Publication struct {
	Ports []PortRequest `json:"ports,omitempty"`
	// NoIPv6ToIPv4 leaves IPv6 host addresses to another endpoint of the
	// container, where this one has only IPv4 (engine 28).
	NoIPv6ToIPv4 bool `json:"noIPv6ToIPv4,omitempty"`
}

// Publish makes the endpoint's ports reachable. Repeated with the same ports it
// changes nothing; with others, ports that stay keep their numbers. It fails with
// ErrUnknownNetwork, ErrUnknownEndpoint, ErrInvalid or hostport.ErrInUse; then
// nothing is published.
func (d *Driver) Publish(ctx context.Context, networkID NetworkID, id EndpointID, publication Publication) error {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if err != nil {
		return err
	}
	defer n.unlock()
	if reflect.DeepEqual(endpoint.Publication, publication) && !n.unsettled[id] {
		return nil
	}
	d.ports.Release(string(id))
	if err := d.publish(ctx, n, endpoint, publication); err != nil {
		err = fmt.Errorf("publishing ports of endpoint %s: %w", id.Short(), err)
		undo, cancel := undoContext(ctx)
		defer cancel()
		return errors.Join(err, d.unpublish(undo, n, endpoint))
	}
	return nil
}

// publish holds the ports, commits them, and opens the way to them.
func (d *Driver) publish(ctx context.Context, n *network, endpoint Endpoint, publication Publication) error {
	mappings, err := d.ports.Hold(string(endpoint.ID), d.requests(n, endpoint, publication))
	if err != nil {
		return err
	}
	if err := fault.Point("ports.held"); err != nil {
		return err
	}
	endpoint.Publication, endpoint.HostPorts, endpoint.Homes = publication, mappings, d.homes(endpoint)
	if err := d.state.PutEndpoint(ctx, endpoint); err != nil {
		return fmt.Errorf("keeping the endpoint: %w", err)
	}
	if err := d.firewall.SetEndpoint(ctx, string(n.ID), n.filteredEndpoint(endpoint)); err != nil {
		return err
	}
	// Past the deadline the engine has been told that the call failed.
	if err := ctx.Err(); err != nil {
		return err
	}
	n.endpoints[endpoint.ID] = endpoint
	delete(n.unsettled, endpoint.ID)
	delete(n.unheld, endpoint.ID)
	d.logForgetting(endpoint, d.links.ForgetPorts(ctx, endpoint.HostPorts))
	if len(endpoint.HostPorts) > 0 {
		d.logEndpoint(endpoint).WithField("ports", endpoint.HostPorts).Info("ports published")
		d.tellOfPorts(PortsPublished, endpoint)
	}
	return nil
}

// Unpublish takes the endpoint's ports back. An unknown endpoint is no error.
func (d *Driver) Unpublish(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if isUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	return d.takeBackPorts(ctx, n, endpoint)
}

func (d *Driver) takeBackPorts(ctx context.Context, n *network, endpoint Endpoint) error {
	published := !reflect.DeepEqual(endpoint.Publication, Publication{})
	if !published && !n.unsettled[endpoint.ID] {
		return nil
	}
	if err := d.unpublish(ctx, n, endpoint); err != nil {
		return fmt.Errorf("taking back the ports of endpoint %s: %w", endpoint.ID.Short(), err)
	}
	if len(endpoint.HostPorts) > 0 {
		d.logEndpoint(endpoint).WithField("ports", endpoint.HostPorts).Info("ports taken back")
		d.tellOfPorts(PortsUnpublished, endpoint)
	}
	return nil
}

// unpublish goes to the end whatever fails, as the engine repeats no call. What
// failed is set right by the next call, the endpoint's deletion at the latest.
func (d *Driver) unpublish(ctx context.Context, n *network, endpoint Endpoint) error {
	published := endpoint.HostPorts
	endpoint.Publication, endpoint.HostPorts, endpoint.Homes = Publication{}, nil, nil
	n.endpoints[endpoint.ID] = endpoint
	err := errors.Join(
		d.state.PutEndpoint(ctx, endpoint),
		d.firewall.SetEndpoint(ctx, string(n.ID), n.filteredEndpoint(endpoint)),
	)
	d.ports.Release(string(endpoint.ID))
	err = errors.Join(err, fault.Point("ports.released"))
	delete(n.unheld, endpoint.ID)
	d.logForgetting(endpoint, d.links.ForgetPorts(ctx, published))
	if err != nil {
		n.unsettled[endpoint.ID] = true
		return err
	}
	delete(n.unsettled, endpoint.ID)
	return nil
}

// requests turns what was asked for into host ports to hold.
func (d *Driver) requests(n *network, endpoint Endpoint, publication Publication) []hostport.Request {
	if n.Internal {
		return nil
	}
	var requests []hostport.Request
	for _, port := range firstTheFixed(publication.Ports) {
		request := hostport.Request{
			Protocol: port.Protocol,
			Targets:  d.targets(n, endpoint, port, publication.NoIPv6ToIPv4),
			First:    port.First,
			Last:     port.Last,
		}
		if kept := endpoint.hostPort(port); port.First == 0 && kept != 0 {
			request.First, request.Last = kept, kept
		}
		if len(request.Targets) > 0 {
			requests = append(requests, request)
		}
	}
	return requests
}

// published are the endpoint's host ports, and what it opens at its own address
// where the subnet's addresses are not translated.
func (n *network) published(e Endpoint) []hostport.Mapping {
	mappings := slices.Clone(e.HostPorts)
	if n.Internal {
		return mappings
	}
	for _, port := range e.OpenPorts {
		for _, address := range e.addrs() {
			open := hostport.Mapping{Protocol: port.Protocol, Container: netip.AddrPortFrom(address, port.Container)}
			if !n.subnetOf(address).mode().Translates() && !slices.Contains(mappings, open) {
				mappings = append(mappings, open)
			}
		}
	}
	return mappings
}

// firstTheFixed orders the ports so that none that may be any takes one that is
// asked for by number.
func firstTheFixed(ports []PortRequest) []PortRequest {
	freedom := func(p PortRequest) int {
		if p.First == 0 {
			return 1 << 16
		}
		return int(p.Last - p.First)
	}
	return slices.SortedStableFunc(slices.Values(ports), func(a, b PortRequest) int { return cmp.Compare(freedom(a), freedom(b)) })
}

// hostPort is the host port that the endpoint has for the request, 0 for none.
func (e Endpoint) hostPort(request PortRequest) uint16 {
	for _, m := range e.HostPorts {
		if m.Protocol == request.Protocol && m.Container.Port() == request.Container && m.Host.IsValid() {
			return m.Host.Port()
		}
	}
	return 0
}
