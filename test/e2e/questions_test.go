package e2e

import "slices"

// question is one that a user would ask: does from reach to?
type question struct {
	ask string
	// from is a container, "host" or "lan".
	from string
	// to is what is asked for: tcp, udp or ping, and a place with a port. A place is
	// a container (its own address), "host" (its address on the LAN), "localhost",
	// "gateway" (of the asker's network) or "lan".
	to string
	// server is who is to answer.
	server string
	// reached is mybridge's answer.
	reached bool
	// seen is the client address that the server is to see: "own" or "host" for the
	// asker's or the host's on the LAN, empty for any.
	seen string
	// only is a family, empty for both.
	only string
	// differs are engines whose own driver answers otherwise, or does not do so
	// reliably: "20.10", or "20.10 IPv6" for one family.
	differs []string
}

// The networks and containers of the scenario:
//
//	plain     web (publishes 8080 → 80, 5300/udp → 53, and on the loopback 8081 → 80), near
//	other     far, which publishes nothing; also on plain: both (publishes 8083 → 80)
//	closed    db, job: an internal network
//	quiet     mute (publishes 8082 → 80), deaf: ICC is off
//	routed    direct (publishes 80): gateway mode routed
//	open      bare: gateway mode nat-unprotected
//	trusting  guarded (publishes 80): trusts the LAN's interface
//	bridge    native (publishes 8090 → 80): the engine's own
//
// Each answers on TCP ports 80 and 81 and on UDP port 53; so does the LAN's host.
var questions = []question{
	{ask: "do neighbours reach each other", from: "near", to: "tcp web:80", server: "web", reached: true, seen: "own"},
	{ask: "also what is not published", from: "near", to: "tcp web:81", server: "web", reached: true},
	{ask: "do they reach the LAN", from: "near", to: "tcp lan:80", server: "lan", reached: true, seen: "host"},
	{ask: "by UDP too", from: "near", to: "udp lan:53", server: "lan", reached: true, seen: "host"},

	{ask: "is a published port reached from the LAN, with the client's own address", from: "lan", to: "tcp host:8080", server: "web", reached: true, seen: "own"},
	{ask: "by UDP too", from: "lan", to: "udp host:5300", server: "web", reached: true, seen: "own"},
	{ask: "from the host by its own address", from: "host", to: "tcp host:8080", server: "web", reached: true},
	{ask: "by UDP too", from: "host", to: "udp host:5300", server: "web", reached: true},
	{ask: "from the host by localhost", from: "host", to: "tcp localhost:8080", server: "web", reached: true},
	{ask: "by UDP too", from: "host", to: "udp localhost:5300", server: "web", reached: true},
	{ask: "from another network by the host's address", from: "far", to: "tcp host:8080", server: "web", reached: true, seen: "own"},
	{ask: "from another network by its own gateway", from: "far", to: "tcp gateway:8080", server: "web", reached: true, seen: "own"},
	{ask: "of a container that is on both networks", from: "far", to: "tcp host:8083", server: "both", reached: true},
	{ask: "from its other network", from: "near", to: "tcp host:8083", server: "both", reached: true},
	{ask: "from a neighbour by the host's address", from: "near", to: "tcp host:8080", server: "web", reached: true},
	{ask: "from the container itself by the host's address", from: "web", to: "tcp host:8080", server: "web", reached: true},
	{ask: "by UDP too", from: "web", to: "udp host:5300", server: "web", reached: true, differs: []string{"20.10"}},
	{ask: "from the engine's own network", from: "native", to: "tcp host:8080", server: "web", reached: true},
	{ask: "is one published on the loopback reached from the host", from: "host", to: "tcp localhost:8081", server: "web", reached: true},
	{ask: "but not from the LAN", from: "lan", to: "tcp host:8081", server: "web"},
	{ask: "nor from a container", from: "far", to: "tcp host:8081", server: "web"},

	{ask: "is what is not published reached from the LAN by a route", from: "lan", to: "tcp web:81", server: "web"},
	{ask: "is a published port reached past the host's port by a route", from: "lan", to: "tcp web:80", server: "web", differs: []string{"20.10"}},
	{ask: "or pinged", from: "lan", to: "ping web", server: "web"},
	{ask: "does the host reach a container's own address", from: "host", to: "tcp web:81", server: "web", reached: true},
	{ask: "and ping it", from: "host", to: "ping web", server: "web", reached: true},

	{ask: "does one network reach another", from: "near", to: "tcp far:80", server: "far"},
	{ask: "or back", from: "far", to: "tcp web:80", server: "web"},
	{ask: "or ping it", from: "near", to: "ping far", server: "far"},
	{ask: "does the host reach it", from: "host", to: "tcp far:80", server: "far", reached: true},
	{ask: "and ping it", from: "host", to: "ping far", server: "far", reached: true},
	{ask: "does the engine's own network reach ours", from: "native", to: "tcp web:81", server: "web"},
	{ask: "or ours the engine's", from: "near", to: "tcp native:81", server: "native"},
	{ask: "does the host reach the engine's", from: "host", to: "tcp native:81", server: "native", reached: true},
	{ask: "do we reach what the engine's own publishes", from: "near", to: "tcp host:8090", server: "native", reached: true},

	{ask: "do neighbours of an internal network reach each other", from: "job", to: "tcp db:80", server: "db", reached: true, differs: []string{"20.10 IPv6"}},
	{ask: "do they reach the LAN", from: "job", to: "tcp lan:80", server: "lan"},
	{ask: "or another network", from: "job", to: "tcp far:80", server: "far"},
	{ask: "or the host's other addresses", from: "job", to: "tcp host:8080", server: "web"},
	{ask: "is an internal network reached from the LAN", from: "lan", to: "tcp db:80", server: "db"},
	{ask: "or from another network", from: "near", to: "tcp db:80", server: "db"},
	{ask: "does the host reach an internal network", from: "host", to: "tcp db:80", server: "db", reached: true},

	{ask: "do neighbours reach each other with ICC off", from: "deaf", to: "tcp mute:80", server: "mute"},
	{ask: "or ping each other", from: "deaf", to: "ping mute", server: "mute"},
	{ask: "does the host reach them", from: "host", to: "tcp mute:80", server: "mute", reached: true},
	{ask: "and ping them", from: "host", to: "ping mute", server: "mute", reached: true},
	{ask: "is a neighbour's published port reached with ICC off", from: "deaf", to: "tcp host:8082", server: "mute", reached: true},
	{ask: "do they reach the LAN", from: "deaf", to: "tcp lan:80", server: "lan", reached: true},

	{ask: "is an open port of a routed network reached at its own address", from: "lan", to: "tcp direct:80", server: "direct", reached: true, seen: "own"},
	{ask: "but no other", from: "lan", to: "tcp direct:81", server: "direct"},
	{ask: "does the host reach it", from: "host", to: "tcp direct:81", server: "direct", reached: true},
	{ask: "is it pinged", from: "lan", to: "ping direct", server: "direct", reached: true, differs: []string{"20.10"}},
	{ask: "does another network reach it there", from: "near", to: "tcp direct:80", server: "direct", reached: true, differs: []string{"20.10"}},
	{ask: "does the LAN see its own address", from: "direct", to: "tcp lan:80", server: "lan", reached: true, seen: "own"},

	{ask: "is all of an unprotected network reached", from: "lan", to: "tcp bare:81", server: "bare", reached: true, seen: "own", differs: []string{"20.10"}},
	{ask: "does it reach the LAN with the host's address", from: "bare", to: "tcp lan:80", server: "lan", reached: true, seen: "host"},
	{ask: "is a published port reached at its own address by who is trusted", from: "lan", to: "tcp guarded:80", server: "guarded", reached: true, seen: "own"},
	{ask: "but no other", from: "lan", to: "tcp guarded:81", server: "guarded"},
	{ask: "does the host reach it", from: "host", to: "tcp guarded:81", server: "guarded", reached: true},
}

// differsFor reports whether the engine's own driver answers otherwise.
func (q question) differsFor(engine, family string) bool {
	return slices.Contains(q.differs, engine) || slices.Contains(q.differs, engine+" "+family)
}
