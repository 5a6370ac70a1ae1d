package fault

import (
	"fmt"
	"slices"
	"strings"
)

// ids name an endpoint in the protocol, or with only the first a network.
type ids struct {
	NetworkID  string
	EndpointID string `json:",omitempty"`
}

type object = map[string]any

// call is one of the engine's calls, and what belongs to it.
type call struct {
	// name is the method without its protocol.
	name   string
	method string
	body   func(l *life) any
	// answered is what the engine does with the answer.
	answered func(l *life, answer object) error
	// undo is the call that takes it back, nil where it is none that gives.
	undo *call
	// halfway says that, failing, it may leave something for its deletion; unfinished
	// that a kill may, too.
	halfway, unfinished bool
	// unnamed says that no ID tells a second call from the first: what was given
	// and not answered is nobody's, until a person gives it back.
	unnamed bool
}

// isDeletion reports whether the engine only logs a failure.
func (c *call) isDeletion() bool { return c.undo == nil && c.method != "" }

// hasID reports whether the call has the ID of what it is about, so that it can be
// made twice.
func (c *call) hasID() bool { return strings.HasPrefix(c.method, "NetworkDriver.") }

// story is a sequence of calls in the order of the engine's.
type story struct {
	name      string
	endpoints []ids
	calls     []*call
	purposes  purposes

	// What was learned: how the host looks before the first call and after each, how
	// it looks there after a restart, which points each call passes, and what it was
	// answered.
	looks, restarted [][]string
	points           [][]string
	known            map[string]string
}

// purpose is what somebody asked the engine for, such as a container: the numbers of
// the calls by which it comes, and of those by which it goes.
type purpose struct{ gives, takes []int }

// purposes are a story's, each on top of those before.
type purposes []purpose

// gives and takes are the calls of all.
func (p purposes) gives() []int {
	var all []int
	for _, one := range p {
		all = append(all, one.gives...)
	}
	return all
}

func (p purposes) takes() []int {
	var all []int
	for _, one := range slices.Backward(p) {
		all = append(all, one.takes...)
	}
	return all
}

// newStory is the purposes' calls: what gives in their order, a restart, and what
// takes in the reverse.
func newStory(name string, endpoints []ids, each ...part) *story {
	s := &story{name: name, endpoints: endpoints, purposes: make(purposes, len(each))}
	add := func(calls []*call) (numbers []int) {
		for _, c := range calls {
			numbers = append(numbers, len(s.calls))
			s.calls = append(s.calls, c)
		}
		return numbers
	}
	for i, p := range each {
		s.purposes[i].gives = add(p.gives)
	}
	add([]*call{restart()})
	for i, p := range slices.Backward(each) {
		s.purposes[i].takes = add(p.takes)
	}
	return s
}

// part is the calls of a purpose.
type part struct{ gives, takes []*call }

// stories are the lives of three networks.
func stories() []*story { return []*story{twoContainers(), ownBridge(), foreignBridge()} }

// twoContainers is a network of both families whose addresses are ours: one
// container with published ports, another with an address of its user's choice
// whose ports change, and all taken back in one order after another.
func twoContainers() *story {
	n := idOf("a")
	web, peer := endpointOf(n, "1"), endpointOf(n, "2")
	pool4 := requestPool("ipv4", "", false)
	pool6 := requestPool("ipv6", "2001:db8:96::/64", true)
	gateway4 := requestAddress("gateway4", "ipv4", "", gatewayOption)
	gateway6 := requestAddress("gateway6", "ipv6", "", gatewayOption)
	auxiliary := requestAddress("auxiliary", "ipv4", "10.96.0.9", nil)
	network := createNetwork(n, object{"com.docker.network.enable_ipv6": true}, "ipv4", "ipv6")
	web4 := requestAddress("web4", "ipv4", "", endpointName("web"))
	web6 := requestAddress("web6", "ipv6", "", endpointName("web"))
	webEndpoint := createEndpoint(web, "web4", "web6")
	webJoin, webMove := join(web, "web"), move(web, "web", "web4", "web6")
	webPorts := publish(web, tcp(8081, 80), udp(8081, 53))
	peer4 := requestAddress("peer4", "ipv4", "10.96.0.50", endpointName("peer"))
	peerEndpoint := createEndpoint(peer, "peer4", "")
	peerJoin, peerMove := join(peer, "peer"), move(peer, "peer", "peer4")
	peerPorts := publish(peer, tcp(8082, 80))
	otherPorts := publish(peer, tcp(8083, 80), udp(8083, 53))
	return newStory("two containers", []ids{web, peer},
		part{
			gives: []*call{pool4, pool6, gateway4, gateway6, auxiliary, network},
			takes: []*call{gateway4.undo, gateway6.undo, auxiliary.undo, pool4.undo, pool6.undo, network.undo},
		},
		part{
			gives: []*call{web4, web6, webEndpoint, webJoin, webMove, webPorts},
			takes: []*call{webJoin.undo, webMove.undo, webEndpoint.undo, web4.undo, web6.undo},
		},
		part{
			gives: []*call{peer4, peerEndpoint, peerJoin, peerMove, peerPorts, otherPorts},
			takes: []*call{otherPorts.undo, peerJoin.undo, peerMove.undo, peerEndpoint.undo, peer4.undo},
		})
}

// ownBridge is a network with a bridge of its user's name, whose containers do not
// reach each other, and whose addresses are another's. It goes while its endpoint is
// there: the engine had lost that.
func ownBridge() *story {
	n := idOf("b")
	e := endpointOf(n, "3")
	options := object{"com.docker.network.generic": object{
		"com.docker.network.bridge.name": "lan0", "com.docker.network.bridge.enable_icc": "false", "com.docker.network.driver.mtu": "1400",
	}}
	network := createNetwork(n, options, "10.3.0.0/24")
	endpoint := createEndpoint(e, "10.3.0.2/24", "")
	attached, moved := join(e, "web"), move(e, "web", "10.3.0.2/24")
	ports := publish(e, tcp(8084, 80))
	return newStory("own bridge", []ids{e}, part{
		gives: []*call{network, endpoint, attached, moved, ports},
		takes: []*call{moved.undo, network.undo},
	})
}

// foreignBridge is a network on a bridge that was there before.
func foreignBridge() *story {
	n := idOf("c")
	e := endpointOf(n, "4")
	network := createNetwork(n, object{"com.docker.network.generic": object{"com.docker.network.bridge.name": "foreign0"}}, "203.0.113.0/24")
	endpoint := createEndpoint(e, "203.0.113.2/24", "")
	attached, moved := join(e, "web"), move(e, "web", "203.0.113.2/24")
	ports := publish(e, tcp(8085, 80))
	return newStory("foreign bridge", []ids{e}, part{
		gives: []*call{network, endpoint, attached, moved, ports},
		takes: []*call{attached.undo, moved.undo, endpoint.undo, network.undo},
	})
}

// standing is the network that is there the whole time.
func standing() *story {
	n := idOf("0")
	server, client := endpointOf(n, "5"), endpointOf(n, "6")
	return &story{
		name: "standing",
		calls: []*call{
			requestPool("ipv4", "192.0.2.0/24", false),
			requestAddress("gateway4", "ipv4", "192.0.2.1", gatewayOption),
			createNetwork(n, nil, "ipv4"),
			requestAddress("server", "ipv4", "192.0.2.2", nil),
			createEndpoint(server, "server", ""),
			join(server, "standing"),
			move(server, "standing", "server"),
			publish(server, tcp(8080, 80)),
			requestAddress("client", "ipv4", "192.0.2.3", nil),
			createEndpoint(client, "client", ""),
			join(client, "beside"),
			move(client, "beside", "client"),
		},
	}
}

// idOf and endpointOf are IDs as the engine makes them.
func idOf(letter string) string { return strings.Repeat(letter, 64) }

func endpointOf(network, digit string) ids { return ids{network, strings.Repeat(digit, 64)} }

// short is how links are called after an ID.
func (e ids) short() string { return fmt.Sprintf("%.12s", e.EndpointID) }
