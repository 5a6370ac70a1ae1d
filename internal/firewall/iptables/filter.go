package iptables

import (
	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// accept lets all pass that the drops let pass, although the engine sets the
// policy to DROP. The jump stands behind DOCKER-USER and all that the engine
// inserts, so that the user keeps the first say.
func (w writer) accept(bridge string) {
	w.add("filter", "FORWARD", "-i %s -j ACCEPT", bridge)
	w.add("filter", "FORWARD", "-o %s -j ACCEPT", bridge)
}

// acceptNetwork lets only neighbours pass on a segment: no drop guards that.
func (w writer) acceptNetwork(network firewall.Network) {
	if isSegment(network) {
		w.add("filter", "FORWARD", "-i %[1]s -o %[1]s -j ACCEPT", network.Bridge)
		return
	}
	w.accept(string(network.Bridge))
}

// isSegment reports whether the network is a plain layer 2 segment. What the host
// forwards by such a bridge is for others to rule: the LAN may be on it.
func isSegment(network firewall.Network) bool {
	return !network.Internal && len(network.Subnets) == 0
}

// drops stand in mangle, which a packet passes before filter: no accept of
// anyone's there can undo them. A return lets the packet pass.
func (w writer) drops(networks []firewall.NetworkState, engineBridges []link.Name) {
	var forwarded []firewall.NetworkState
	for _, network := range networks {
		switch {
		case network.Internal:
			w.inside(network.Bridge)
		case !isSegment(network.Network):
			forwarded = append(forwarded, network)
		}
	}
	// DNAT stands for what was sent to a published host port.
	w.add("mangle", "FORWARD", "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN")
	for _, network := range networks {
		w.neighbours(network.Network)
	}
	for _, network := range forwarded {
		w.entering(network)
	}
	if len(forwarded) == 0 || len(engineBridges) == 0 {
		return
	}
	for _, bridge := range engineBridges {
		w.add("mangle", "FORWARD", "-o %s -j %s", bridge, w.names.name("ENGINE"))
	}
	for _, network := range forwarded {
		w.add("mangle", "ENGINE", "-i %s -j DROP", network.Bridge)
	}
}

// inside keeps what is on the bridge of an internal network there, whatever
// source it claims. The bridge's own addresses are those that are local on it.
func (w writer) inside(bridge link.Name) {
	w.add("mangle", "FORWARD", "-i %[1]s ! -o %[1]s -j DROP", bridge)
	w.add("mangle", "FORWARD", "! -i %[1]s -o %[1]s -j DROP", bridge)
	w.add("mangle", "INPUT", "-i %s -m addrtype --dst-type LOCAL -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP", bridge)
}

func (w writer) neighbours(network firewall.Network) {
	verdict := "RETURN"
	if network.NoICC {
		verdict = "DROP"
	}
	w.add("mangle", "FORWARD", "-i %[1]s -o %[1]s -j %s", network.Bridge, verdict)
}

// entering keeps out of the network what may not enter. What may come to open
// ports goes to the network's own chain with -g, so that a return there is one
// from all our chains.
func (w writer) entering(network firewall.NetworkState) {
	subnet, ok := w.subnet(network.Network)
	own := w.names.ofNetwork(network.ID)
	switch {
	case subnet.Mode == firewall.NATUnprotected:
	case subnet.Mode == firewall.Routed, subnet.Mode.Translates() && network.DirectRouting:
		w.add("mangle", "FORWARD", "-o %s -g %s", network.Bridge, own)
		w.open(network, subnet)
	case ok && len(network.TrustedInterfaces) > 0:
		for _, trusted := range network.TrustedInterfaces {
			w.add("mangle", "FORWARD", "-i %s -o %s -g %s", trusted, network.Bridge, own)
		}
		w.open(network, subnet)
		fallthrough
	default:
		w.add("mangle", "FORWARD", "-o %s -j DROP", network.Bridge)
	}
}

// open fills the network's own chain: its open ports pass, and nothing else.
func (w writer) open(network firewall.NetworkState, subnet firewall.Subnet) {
	own := chain{"mangle", w.names.ofNetwork(network.ID)}
	if subnet.Mode == firewall.Routed {
		w.append(own, "-p "+w.icmp()+" -j RETURN")
	}
	var mappings []hostport.Mapping
	for _, endpoint := range network.Endpoints {
		for _, m := range endpoint.Ports {
			if subnet.Prefix.Contains(m.Container.Addr()) && network.Opens(m) {
				mappings = append(mappings, hostport.Mapping{Protocol: m.Protocol, Host: m.Container, Container: m.Container})
			}
		}
	}
	for _, ports := range joined(mappings) {
		w.append(own, ports.host()+ports.match()+" -j RETURN")
	}
	w.append(own, "-j DROP")
}

// icmp is the family's ICMP as iptables-save prints it.
func (w writer) icmp() string {
	if w.ipv6 {
		return "ipv6-icmp"
	}
	return "icmp"
}
