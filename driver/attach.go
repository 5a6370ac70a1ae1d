package driver

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mybridge/internal/link"
)

// Attachment is what the engine needs to move an endpoint into a container.
type Attachment struct {
	// Peer is the interface to move. Prefix begins its name inside, which the
	// engine numbers; Name, where one was asked for, is the whole (engine 29.8).
	Peer   link.Name
	Prefix link.Name
	Name   link.Name
	// GatewayIPv4 and GatewayIPv6 are zero where the endpoint has none.
	GatewayIPv4 netip.Addr
	GatewayIPv6 netip.Addr
	// NoGatewayService keeps the engine from attaching the container to its
	// own docker_gwbridge, for a network that has no gateway on purpose.
	NoGatewayService bool
}

// containerPrefix is what the engine's own bridge driver uses.
const containerPrefix = "eth"

// Join makes the endpoint's veth pair and returns what the engine moves into
// the container, which the sandbox tells. It may be repeated.
func (d *Driver) Join(ctx context.Context, networkID NetworkID, id EndpointID, sandbox string) (Attachment, error) {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if err != nil {
		return Attachment{}, err
	}
	endpoint = d.enterSandbox(n, endpoint, sandbox)
	attachment, err := d.attach(ctx, n, endpoint)
	n.unlock()
	if err == nil {
		d.tellSiblings(ctx, endpoint)
	}
	return attachment, err
}

// attach makes the endpoint's rules and its veth pair.
func (d *Driver) attach(ctx context.Context, n *network, endpoint Endpoint) (Attachment, error) {
	id := endpoint.ID
	// The rules first, so that no packet leaves the container without them.
	if err := d.firewall.SetEndpoint(ctx, string(n.ID), n.filteredEndpoint(endpoint)); err != nil {
		return Attachment{}, fmt.Errorf("attaching endpoint %s: %w", id.Short(), err)
	}
	if err := d.links.EnsureVeth(ctx, n.veth(endpoint)); err != nil {
		return Attachment{}, fmt.Errorf("attaching endpoint %s: %w", id.Short(), err)
	}
	n.joined[id] = true
	d.logEndpoint(endpoint).WithField("link", endpoint.Link).Info("endpoint attached")
	d.tellOfEndpoint(EndpointAttached, endpoint)
	return n.attachment(endpoint), nil
}

func (n *network) attachment(endpoint Endpoint) Attachment {
	a := Attachment{Peer: endpoint.Peer, Prefix: n.interfacePrefix(endpoint), Name: endpoint.InterfaceName}
	if n.Internal {
		return a
	}
	if endpoint.IPv4.IsValid() {
		a.GatewayIPv4 = n.IPv4.Gateway.Addr()
	}
	if endpoint.IPv6.IsValid() {
		a.GatewayIPv6 = n.IPv6.Gateway.Addr()
	}
	a.NoGatewayService = !a.GatewayIPv4.IsValid() && !a.GatewayIPv6.IsValid()
	return a
}

// interfacePrefix begins the name of the endpoint's interface in the container.
// Engines before 29.8 take no whole name, but number from 0: what ends in 0 is met
// while it is the first of its kind.
func (n *network) interfacePrefix(endpoint Endpoint) link.Name {
	if prefix, ok := strings.CutSuffix(string(endpoint.InterfaceName), "0"); ok {
		return link.Name(prefix)
	}
	if n.InterfacePrefix != "" {
		return n.InterfacePrefix
	}
	return containerPrefix
}

// Leave takes the endpoint's ports back and tells that its container has left it; the
// link goes with the endpoint. It may be repeated. An unknown endpoint is no error.
func (d *Driver) Leave(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, endpoint, err := d.lockedEndpoint(ctx, networkID, id)
	if isUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	err = d.takeBackPorts(ctx, n, endpoint)
	if n.joined[id] {
		delete(n.joined, id)
		d.tellOfEndpoint(EndpointDetached, endpoint)
	}
	return err
}
