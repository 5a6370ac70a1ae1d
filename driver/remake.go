package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"mybridge/internal/link"
)

// isGone reports whether the link has to be made again.
func isGone(problem string) bool { return problem == link.Gone || problem == link.HalfMade }

// lost are the endpoints whose links have to be made again.
func (n *network) lost(problems map[link.Name]string) []Endpoint {
	var lost []Endpoint
	for _, endpoint := range n.endpoints {
		if problem, ok := problems[endpoint.Link]; ok && isGone(problem) {
			lost = append(lost, endpoint)
		}
	}
	return lost
}

// remakeLinks makes links of containers that run again. No network may be locked.
//
// Where a container has lost several, the first gets its default route, which the
// engine had gone by the network that it published the ports on.
func (d *Driver) remakeLinks(ctx context.Context, lost []Endpoint) error {
	slices.SortFunc(lost, func(a, b Endpoint) int {
		return cmp.Or(
			-cmp.Compare(len(a.HostPorts), len(b.HostPorts)),
			cmp.Compare(len(a.Interface), len(b.Interface)), // eth9 before eth10
			cmp.Compare(a.Interface, b.Interface),
		)
	})
	var failures []error
	for _, endpoint := range lost {
		if err := d.remakeLink(ctx, endpoint.Network, endpoint.ID); err != nil {
			failures = append(failures, fmt.Errorf("repairing endpoint %s: %w", endpoint.ID.Short(), err))
		}
	}
	return errors.Join(failures...)
}

// remakeLink leaves an endpoint alone that is being deleted meanwhile, or whose
// container is gone. The link is made under the network's lock, as all links are.
func (d *Driver) remakeLink(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if isUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	if !n.isAttached(endpoint) || d.links.SandboxReached(endpoint.Sandbox) != nil {
		return nil
	}
	a := n.attachment(endpoint)
	inside := link.Interface{Sandbox: endpoint.Sandbox, Name: endpoint.Interface, Prefix: a.Prefix}
	if a.GatewayIPv4.IsValid() {
		inside.Gateways = append(inside.Gateways, a.GatewayIPv4)
	}
	if a.GatewayIPv6.IsValid() {
		inside.Gateways = append(inside.Gateways, a.GatewayIPv6)
	}
	return d.links.RemakeVeth(ctx, n.veth(endpoint), inside)
}

// isAttached reports whether a container should have a link of the endpoint.
func (n *network) isAttached(endpoint Endpoint) bool {
	return n.Phase == Ready && endpoint.Phase == Ready && n.joined[endpoint.ID]
}

// learnInterfaces looks how interfaces are called in their containers that nobody has
// looked at yet, and keeps it: when a link is gone, nobody can tell any more.
func (d *Driver) learnInterfaces(ctx context.Context) error {
	var failures []error
	err := d.eachNetwork(ctx, func(n *network) {
		failures = append(failures, d.keepSeen(ctx, n, d.seen(ctx, n)))
	})
	return errors.Join(append(failures, err)...)
}

// seen are the endpoints whose interfaces are there and were not known, with them.
func (d *Driver) seen(ctx context.Context, n *network) []Endpoint {
	var seen []Endpoint
	for _, endpoint := range n.endpoints {
		if !n.isAttached(endpoint) || endpoint.Sandbox == "" || endpoint.Interface != "" {
			continue
		}
		name, err := d.links.InterfaceName(ctx, endpoint.Link, endpoint.Sandbox)
		if err != nil {
			// The engine has not moved it yet, or the plugin cannot look there.
			d.logEndpoint(endpoint).WithError(err).Debug("interface in the container is not known")
			continue
		}
		endpoint.Interface = name
		seen = append(seen, endpoint)
	}
	return seen
}

// keepSeen commits the endpoints at once, so that they share a sync.
func (d *Driver) keepSeen(ctx context.Context, n *network, seen []Endpoint) error {
	errs := make([]error, len(seen))
	var keeping sync.WaitGroup
	for i, endpoint := range seen {
		keeping.Go(func() { errs[i] = d.state.PutEndpoint(ctx, endpoint) })
	}
	keeping.Wait()
	for i, endpoint := range seen {
		if errs[i] != nil {
			errs[i] = fmt.Errorf("keeping endpoint %s: %w", endpoint.ID.Short(), errs[i])
			continue
		}
		n.endpoints[endpoint.ID] = endpoint
	}
	return errors.Join(errs...)
}
