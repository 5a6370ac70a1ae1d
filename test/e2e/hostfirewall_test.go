package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"mybridge/test/engine"
)

// The second network of the LAN, to which published ports are closed.
const otherHostIPv4, otherHostIPv6 = "203.0.113.1", "2001:db8:3::1"

// guarded is a host with a firewall, the LAN, and a container for each question.
type guarded struct {
	*host
	lan *engine.Neighbour
	// works are the rows of the document's table that are a yes at present.
	works map[string]bool
	pids  map[string]string
}

// way is from somebody to an address, with the arguments of the probe.
type way struct{ from, ask string }

// ways are those of each row of the document's table.
var ways = map[string][]way{
	"containers reach the outside":                                    {{"near", "get " + lanIPv4 + ":80"}, {"near", "getudp " + lanIPv4 + ":53"}, {"near", "get [" + lanIPv6 + "]:80"}},
	"the outside reaches published ports":                             {{"lan", "get " + hostIPv4 + ":8080"}, {"lan", "getudp " + hostIPv4 + ":5300"}, {"lan", "get [" + hostIPv6 + "]:8080"}},
	"containers of other networks reach them, by the host's address":  {{"far", "get " + hostIPv4 + ":8080"}, {"far", "get [" + hostIPv6 + "]:8080"}},
	"neighbours reach them, by the host's address":                    {{"near", "get " + hostIPv4 + ":8080"}},
	"IPv6 reaches them in containers that have only IPv4":             {{"lan", "get [" + hostIPv6 + "]:8084"}},
	"the host reaches containers and published ports":                 {{"host", "get 192.168.1.10:80"}, {"host", "get " + hostIPv4 + ":8080"}, {"host", "get 127.0.0.1:8080"}},
	"containers reach services of the host":                           {{"near", "get 192.168.1.1:9000"}, {"near", "get [fd00:1::1]:9000"}, {"near", "get " + hostIPv4 + ":9000"}},
	"neighbours reach each other, where bridged packets are filtered": {{"near", "get 192.168.1.10:80"}, {"near", "get [fd00:1::10]:80"}},
	"the outside reaches open ports of networks in mode `routed`":     {{"lan", "get 192.168.3.10:80"}, {"lan", "get [fd00:3::10]:80"}},
}

// closed are ways that no command of the document opens: past a published port,
// between networks, and to what shows that the host firewall is there at all.
var closed = []way{
	{"lan", "get 192.168.1.10:80"}, {"lan", "get 192.168.3.10:81"},
	{"far", "get 192.168.1.10:80"}, {"native", "get 192.168.1.10:80"},
	{"lan", "get " + hostIPv4 + ":9000"},
}

// onEachGuarded runs the test on the engines with each back end, on a host whose
// firewall guard has started before the engine, as at boot.
func onEachGuarded(t *testing.T, roots []engine.Root, guard func(h *host), test func(g *guarded)) {
	t.Parallel()
	for _, root := range roots {
		for _, backend := range []string{"nftables", "iptables"} {
			t.Run(root.Name+"/"+backend, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, root, engine.Options{WithoutDocker: true}, "--firewall", backend)
				// Where the engine turns forwarding on it drops what it does not know.
				h.MustRun("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
				guard(h)
				h.StartDocker()
				test(newGuarded(h))
			})
		}
	}
}

func newGuarded(h *host) *guarded {
	h.t.Helper()
	g := &guarded{host: h, pids: map[string]string{}}
	g.lan = h.AttachNeighbour(hostIPv4+"/24", lanIPv4+"/24")
	for _, addresses := range [][2]string{
		{hostIPv6 + "/64", lanIPv6 + "/64"},
		{otherHostIPv4 + "/24", "203.0.113.2/24"},
		{otherHostIPv6 + "/64", "2001:db8:3::2/64"},
	} {
		h.MustRun("ip", "address", "add", addresses[0], "dev", g.lan.Device, "nodad")
		g.lan.MustRun("ip", "address", "add", addresses[1], "dev", "eth0", "nodad")
	}
	g.lan.MustRun("ip", "route", "add", "default", "via", hostIPv4, "src", lanIPv4)
	g.lan.MustRun("ip", "-6", "route", "add", "default", "via", hostIPv6, "src", lanIPv6)
	g.lan.Spawn("probe", "serve", "-tcp", "80", "-udp", "53").WaitLog("serving")
	h.Spawn("probe", "serve", "-tcp", "9000", "-udp", "53").WaitLog("serving")
	h.MustRun("sh", "-c", "echo 1 | tee /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/bridge/bridge-nf-call-ip6tables")

	g.network("n1", 1)
	g.network("n2", 2)
	g.network("routed", 3, "-o", "com.docker.network.bridge.gateway_mode_ipv4=routed", "-o", "com.docker.network.bridge.gateway_mode_ipv6=routed")
	h.createNetwork("ipv4", "--subnet", "192.168.4.0/24")
	g.start("web", "n1", "--ip", "192.168.1.10", "--ip6", "fd00:1::10", "-p", "8080:80", "-p", "5300:53/udp")
	g.start("near", "n1")
	g.start("far", "n2")
	g.start("direct", "routed", "--ip", "192.168.3.10", "--ip6", "fd00:3::10", "-p", "80")
	g.start("old", "ipv4", "-p", "8084:80")
	g.start("native", "bridge")
	return g
}

// network makes a network of both families.
func (g *guarded) network(name string, number int, arguments ...string) {
	g.t.Helper()
	g.createNetwork(name, append(arguments, "--ipv6",
		"--subnet", fmt.Sprintf("192.168.%d.0/24", number), "--subnet", fmt.Sprintf("fd00:%d::/64", number))...)
}

func (g *guarded) start(name, network string, arguments ...string) {
	g.t.Helper()
	g.serve(name, network, arguments...)
	g.pids[name] = g.MustDocker("inspect", "-f", "{{.State.Pid}}", name)
}

// follow runs the commands below the document's heading.
func (g *guarded) follow(heading string) {
	g.t.Helper()
	commands := strings.ReplaceAll(documentedCommands(g.t, heading), "eth0", g.lan.Device)
	g.reload(commands)
}

// reload runs commands by which the firewall may take mybridge's rules away, and waits
// until they are back.
func (g *guarded) reload(commands string) {
	g.t.Helper()
	before := g.rules()
	g.MustRun("sh", "-e", "-c", commands)
	g.wantSoon(g.rules, before)
}

// rules are mybridge's own, and the jumps to them.
func (g *guarded) rules() string {
	g.t.Helper()
	var lines []string
	for line := range strings.Lines(g.Snapshot()) {
		if strings.Contains(line, "MYBRIDGE") || strings.Contains(line, "table inet mybridge ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// startFrom wants all to be as the column of the document's table says.
func (g *guarded) startFrom(column string) {
	g.t.Helper()
	g.works = documentedRows(g.t, column)
	if asked, rows := slices.Sorted(maps.Keys(ways)), slices.Sorted(maps.Keys(g.works)); !slices.Equal(asked, rows) {
		g.t.Fatalf("the table of %s is about %q, asked is %q", hostFirewalls, rows, asked)
	}
	g.want(column)
}

// wantAlso wants all that worked and rows that begin so to work.
func (g *guarded) wantAlso(when string, rows ...string) {
	g.t.Helper()
	for row := range g.works {
		for _, start := range rows {
			g.works[row] = g.works[row] || strings.HasPrefix(row, start)
		}
	}
	g.want(when)
}

// want asks about all rows and all that is closed.
func (g *guarded) want(when string) {
	g.t.Helper()
	var asking sync.WaitGroup
	for row, works := range g.works {
		for _, w := range ways[row] {
			asking.Go(func() { g.wantWay(when, w, works) })
		}
	}
	for _, w := range closed {
		asking.Go(func() { g.wantWay(when, w, false) })
	}
	asking.Wait()
}

func (g *guarded) wantWay(when string, w way, want bool) {
	g.t.Helper()
	command, address, _ := strings.Cut(w.ask, " ")
	arguments := []string{"probe", command, "-timeout", "700ms", address}
	if want {
		arguments = []string{"probe", command, "-timeout", "5s", "-retry", address}
	}
	answer, err := g.from(w.from, arguments...)
	if want && err != nil || !want && err == nil {
		g.t.Errorf("%s: %s %s: %q, %v; want an answer: %t", when, w.from, w.ask, answer, err, want)
	}
}

func (g *guarded) from(asker string, arguments ...string) (string, error) {
	switch asker {
	case "host":
		return g.Run(arguments...)
	case "lan":
		return g.lan.Run(arguments...)
	}
	return g.Run(append([]string{"nsenter", "-t", g.pids[asker], "-n"}, arguments...)...)
}

// wantOnlyFromLAN wants the published port open to the LAN's first network alone.
func (g *guarded) wantOnlyFromLAN(when string) {
	g.t.Helper()
	for address, want := range map[string]bool{hostIPv4: true, "[" + hostIPv6 + "]": true, otherHostIPv4: false, "[" + otherHostIPv6 + "]": false} {
		g.wantWay(when, way{"lan", "get " + address + ":8080"}, want)
	}
	g.want(when)
}
