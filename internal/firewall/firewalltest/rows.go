package firewalltest

import "slices"

// row is a question that a user might ask, and its answer. Each is asked for
// IPv4 and IPv6.
type row struct {
	question string
	// from and the target's host are names of the world's address book.
	from, target string
	answer       string
}

// Answers, besides "SERVER sees CLIENT", by the names of their addresses.
const (
	nobody = ""
	reply  = "reply" // to a ping
)

var rows = []row{
	// Neighbours.
	{"a neighbour", "peer", "tcp web:80", "web sees peer"},
	{"a neighbour, by UDP", "peer", "udp web:53", "web sees peer"},
	{"a neighbour, by ping", "peer", "ping web", reply},
	{"a neighbour without a gateway", "alone", "tcp together:80", "together sees alone"},
	{"a neighbour without a subnet", "plain", "tcp simple:80", "simple sees plain"},
	{"a neighbour's port, published by another under its number", "web", "tcp peer:81", "peer sees web"},
	{"the gateway", "web", "ping nat-gateway", reply},
	{"the gateway of a routed network", "router", "ping routed-gateway", reply},
	{"the host's own port", "web", "tcp host:7000", "host sees web"},
	{"a container, from its host", "host", "tcp peer:81", "peer sees nat-gateway"},

	// Neighbours that must not speak with each other, by a route through the host.
	{"noicc: a neighbour", "hush", "tcp quiet:80", nobody},
	{"noicc: a neighbour, unpublished", "hush", "tcp quiet:81", nobody},
	{"noicc: a neighbour, by UDP", "hush", "udp quiet:53", nobody},
	{"noicc: a neighbour, by ping", "hush", "ping quiet", nobody},
	{"noicc: a neighbour that is unprotected", "coy", "tcp shy:80", nobody},
	{"noicc: a neighbour that is unprotected, by ping", "coy", "ping shy", nobody},
	{"noicc: an unprotected one, from outside", "lan", "ping shy", reply},
	{"noicc: a published port from the LAN", "lan", "tcp host:8085", "quiet sees lan"},
	{"noicc: outside", "hush", "tcp lan:80", "lan sees host"},

	// From a container to the outside.
	{"outside, masqueraded", "web", "tcp lan:80", "lan sees host"},
	{"outside, masqueraded, by UDP", "web", "udp lan:53", "lan sees host"},
	{"outside, by ping", "web", "ping lan", reply},
	{"outside, by another link", "web", "tcp lan2:80", "lan2 sees host-lan2"},
	{"outside, not masqueraded", "bare", "tcp lan:80", "lan sees bare"},
	{"outside, as an address chosen", "sourced", "tcp lan:80", "lan sees host2"},
	{"outside, routed", "router", "tcp lan:80", "lan sees router"},
	{"outside, unprotected", "open", "tcp lan:80", "lan sees host"},
	{"outside, a port published here under its number", "web", "tcp lan:81", "lan sees host"},
	{"through the host, a port published here", "lan", "tcp lan2:81", "lan2 sees lan"},

	// Published ports.
	{"published", "lan", "tcp host:8080", "web sees lan"},
	{"published, by the host's other address", "lan", "tcp host2:8080", "web sees lan"},
	{"published, by another link", "lan2", "tcp host-lan2:8080", "web sees lan2"},
	{"published, by the bridge's address", "lan", "tcp nat-gateway:8080", "web sees lan"},
	{"published, by UDP", "lan", "udp host:5353", "web sees lan"},
	{"published on one address", "lan", "tcp host:8081", "web sees lan"},
	{"published on one address, by another", "lan", "tcp host2:8081", "host sees lan"},
	{"published on one address, by UDP", "lan", "udp host2:5354", "web sees lan"},
	{"published on one address, by another by UDP", "lan", "udp host:5354", "host sees lan"},
	{"one number: on all addresses", "lan", "tcp host:8082", "web sees lan"},
	{"one number: on one address", "lan", "tcp host2:8082", "peer sees lan"},
	{"published, not masqueraded", "lan", "tcp host:8083", "bare sees lan"},
	{"published, unprotected", "lan", "tcp host:8084", "open sees lan"},
	{"published by a routed network, so for the host", "lan", "tcp host:7000", "host sees lan"},
	{"published by an internal network, so for the host", "lan", "tcp host2:8081", "host sees lan"},

	{"published, from the host", "host", "tcp host:8080", "web sees host"},
	{"published, from the host by the bridge's address", "host", "tcp nat-gateway:8080", "web sees nat-gateway"},
	{"published, from the host's loopback, for a socket", "host", "tcp loopback:8080", "host sees loopback"},
	{"published, from another network", "client", "tcp host:8080", "web sees client"},
	{"published, from another network by its gateway", "client", "tcp other-gateway:8080", "web sees client"},
	{"published, from another network by UDP", "client", "udp host:5353", "web sees client"},
	{"published, from a network with an address chosen", "sourced", "tcp host:8080", "web sees sourced"},
	{"published, from a network to one with a gateway elsewhere", "client", "tcp host:8088", "away sees elsewhere-host"},
	{"published, from a network not masqueraded", "bare", "tcp host:8080", "web sees bare"},
	{"published, from a routed network", "router", "tcp host:8080", "web sees router"},
	{"published, from a container of the engine's", "engine", "tcp host:8080", "web sees nat-gateway"},

	// Published ports, from the network itself: left to the held sockets, as what a
	// bridge would have to send back to where it came from may be lost.
	{"published, from a neighbour", "peer", "tcp host:8080", "host sees peer"},
	{"published, from a neighbour by the gateway", "peer", "tcp nat-gateway:8080", "host sees peer"},
	{"published, from a neighbour by UDP", "peer", "udp nat-gateway:5353", "host sees peer"},
	{"published, from itself", "web", "tcp host:8080", "host sees web"},
	{"published, from itself by UDP", "web", "udp nat-gateway:5353", "host sees web"},
	{"published, from itself, not masqueraded", "bare", "tcp host:8083", "host sees bare"},
	{"published, from a neighbour without icc", "hush", "tcp host:8085", "host sees hush"},
	{"published, from a neighbour on another network", "sourced", "tcp host:8083", "host sees sourced"},

	// Containers' own addresses, from a LAN whose hosts know the way.
	{"direct: unpublished", "lan", "tcp peer:80", nobody},
	{"direct: unpublished, though DOCKER-USER accepts it", "lan", "tcp peer:81", nobody},
	{"direct: published elsewhere", "lan", "tcp web:80", nobody},
	{"direct: published elsewhere, by UDP", "lan", "udp web:53", nobody},
	{"direct: published elsewhere under that number", "lan", "tcp web:81", nobody},
	{"direct: ping", "lan", "ping web", nobody},
	{"direct: not masqueraded", "lan", "tcp bare:80", nobody},

	{"routed: open", "lan", "tcp router:80", "router sees lan"},
	{"routed: open, by UDP", "lan", "udp router:53", "router sees lan"},
	{"routed: closed", "lan", "tcp router:81", nobody},
	{"routed: ping", "lan", "ping router", reply},

	{"unprotected: published", "lan", "tcp open:80", "open sees lan"},
	{"unprotected: unpublished", "lan", "tcp open:81", "open sees lan"},
	{"unprotected: unpublished, by UDP", "lan", "udp open:53", "open sees lan"},
	{"unprotected: ping", "lan", "ping open", reply},
	{"unprotected: from another network", "client", "tcp open:81", "open sees client"},

	{"trusted interface: open", "lan", "tcp trusted:80", "trusted sees lan"},
	{"trusted interface: open, by UDP", "lan", "udp trusted:53", "trusted sees lan"},
	{"trusted interface: closed", "lan", "tcp trusted:81", nobody},
	{"trusted interface: ping", "lan", "ping trusted", nobody},
	{"trusted interface: from another", "lan2", "tcp trusted:80", nobody},
	{"trusted interface: from another, published", "lan2", "tcp host-lan2:8086", "trusted sees lan2"},
	{"trusted interface: from another network", "client", "tcp trusted:80", nobody},

	{"direct routing: open", "lan", "tcp straight:80", "straight sees lan"},
	{"direct routing: open, by another link", "lan2", "tcp straight:80", "straight sees lan2"},
	{"direct routing: open, from another network", "client", "tcp straight:80", "straight sees client"},
	{"direct routing: closed", "lan", "tcp straight:81", nobody},
	{"direct routing: ping", "lan", "ping straight", nobody},

	// Two networks.
	{"networks: there", "client", "tcp web:80", nobody},
	{"networks: there, by UDP", "client", "udp web:53", nobody},
	{"networks: there, by ping", "client", "ping web", nobody},
	{"networks: back", "web", "tcp client:80", nobody},
	{"networks: back, by ping", "web", "ping client", nobody},
	{"networks: to a routed one, open", "client", "tcp router:80", "router sees client"},
	{"networks: to a routed one, closed", "client", "tcp router:81", nobody},
	{"networks: to a routed one, by ping", "client", "ping router", reply},
	{"networks: from a routed one", "router", "tcp client:80", nobody},
	{"networks: from a routed one, by ping", "router", "ping client", nobody},
	{"networks: to one not masqueraded", "client", "tcp bare:80", nobody},

	// The engine's own networks.
	{"engine: from its container", "engine", "tcp web:80", nobody},
	{"engine: from its container, by ping", "engine", "ping web", nobody},
	{"engine: to its container", "web", "tcp engine:80", nobody},
	{"engine: to its container, unpublished", "web", "tcp engine:81", nobody},
	{"engine: to its container, by ping", "web", "ping engine", nobody},
	{"engine: to its container from a routed network", "router", "tcp engine:81", nobody},
	{"engine: to its published port", "web", "tcp host:8090", "engine sees engine-gateway"},
	{"engine: to its published port from the LAN", "lan", "tcp host:8090", "engine sees lan"},
	{"engine: its container outside", "engine", "tcp lan:80", "lan sees host"},
	{"engine: to a bridge nobody told us of", "web", "tcp engine2:81", "engine2 sees engine2-gateway"},

	// Internal networks.
	{"internal: a neighbour", "inside", "tcp insider:80", "insider sees inside"},
	{"internal: the gateway", "inside", "ping internal-gateway", reply},
	{"internal: the gateway's open port", "inside", "tcp internal-gateway:7000", "host sees inside"},
	{"internal: from the host", "host", "tcp inside:80", "inside sees internal-gateway"},
	{"internal: the host by another address", "inside", "tcp host:7000", nobody},
	{"internal: the host by another address, by ping", "inside", "ping host", nobody},
	{"internal: another network's gateway", "inside", "ping nat-gateway", nobody},
	{"internal: outside", "inside", "tcp lan:80", nobody},
	{"internal: outside, by UDP", "inside", "udp lan:53", nobody},
	{"internal: outside, by ping", "inside", "ping lan", nobody},
	{"internal: from outside", "lan", "tcp inside:80", nobody},
	{"internal: from outside, by ping", "lan", "ping inside", nobody},
	{"internal: its gateway from outside", "lan", "ping internal-gateway", reply},
	{"internal: another network", "inside", "tcp web:80", nobody},
	{"internal: a routed network", "inside", "tcp router:80", nobody},
	{"internal: an unprotected network", "inside", "tcp open:80", nobody},
	{"internal: from another network", "web", "tcp inside:80", nobody},
	{"internal: from a routed network, by ping", "router", "ping inside", nobody},
	{"internal: the engine's containers", "inside", "tcp engine:80", nobody},
	{"internal: from the engine's containers", "engine", "tcp inside:80", nobody},
	{"internal: a published port", "inside", "tcp host:8080", nobody},
	{"internal: a published port by the gateway", "inside", "tcp internal-gateway:8080", nobody},

	// The user's own rules.
	{"DOCKER-USER: what it drops", "banned", "tcp lan:80", nobody},
	{"DOCKER-USER: what it drops, for others", "peer", "tcp lan:80", "lan sees host"},
}

// deniedRows are those of all tables that nobody answers.
func deniedRows() []row {
	all := slices.Clone(rows)
	for _, change := range changes {
		all = append(all, change.rows...)
	}
	return slices.DeleteFunc(all, func(r row) bool { return r.answer != nobody })
}
