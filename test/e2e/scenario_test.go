package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"mybridge/test/engine"
)

// The LAN: the host's addresses on it, and those of the other host there.
const (
	hostIPv4, lanIPv4 = "198.51.100.1", "198.51.100.2"
	hostIPv6, lanIPv6 = "2001:db8:1::1", "2001:db8:1::2"
)

// TestQuestions asks all questions of mybridge, with either back end.
func TestQuestions(t *testing.T) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		for _, backend := range []string{"nftables", "iptables"} {
			t.Run(root.Name+"/"+backend, func(t *testing.T) {
				t.Parallel()
				h := newHost(t, root, engine.Options{DaemonArgs: dualStackEngine}, "--firewall", backend)
				dropForwarded(h)
				before := h.whatIsThere()
				s := newScenario(h, "mybridge")
				s.askAll(func(q question, _ string) bool { return q.reached })
				s.remove()
				h.wantAsBefore(before)
			})
		}
	}
}

// TestQuestionsToTheEngine asks the same of the engine's own driver: what differs
// is what docs/moving-from-bridge.md says, and no more.
func TestQuestionsToTheEngine(t *testing.T) {
	t.Parallel()
	for _, root := range engine.Roots(t) {
		t.Run(root.Name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, root, engine.Options{DaemonArgs: dualStackEngine})
			dropForwarded(h)
			s := newScenario(h, "bridge")
			s.strict = false
			s.askAll(func(q question, family string) bool { return q.reached != q.differsFor(root.Name, family) })
		})
	}
}

// dropForwarded is the policy that an engine sets where it turns forwarding on.
func dropForwarded(h *host) {
	h.t.Helper()
	for _, program := range []string{"iptables", "ip6tables"} {
		h.MustRun(program, "-P", "FORWARD", "DROP")
	}
}

// dualStackEngine gives the engine's own bridge IPv6, as mybridge needs no flag for.
// Engine 20.10 has IPv6 rules only as an experiment.
var dualStackEngine = []string{"--ipv6", "--fixed-cidr-v6", "fd00:99::/64", "--experimental", "--ip6tables"}

// scenario is the networks and containers that the questions are about.
type scenario struct {
	*host
	lan        *engine.Neighbour
	driver     string
	containers map[string]container
	// strict also compares the client's addresses, and wants a control for each no.
	strict bool

	mu sync.Mutex
	// answered are servers and ports that somebody reached: the controls of
	// questions whose answer is no.
	answered map[string]bool
	refused  map[string]string
}

type container struct {
	network, pid string
	ipv4, ipv6   netip.Addr
}

func newScenario(h *host, driver string) *scenario {
	h.t.Helper()
	s := &scenario{host: h, driver: driver, strict: true, containers: map[string]container{}, answered: map[string]bool{}, refused: map[string]string{}}
	s.lan = h.AttachNeighbour(hostIPv4+"/24", lanIPv4+"/24")
	h.MustRun("ip", "address", "add", hostIPv6+"/64", "dev", s.lan.Device, "nodad")
	s.lan.MustRun("ip", "address", "add", lanIPv6+"/64", "dev", "eth0", "nodad")
	s.lan.MustRun("ip", "route", "add", "default", "via", hostIPv4)
	s.lan.MustRun("ip", "-6", "route", "add", "default", "via", hostIPv6)
	s.lan.Spawn("probe", "serve", "-tcp", "80", "-udp", "53").WaitLog("serving")

	s.network("plain", 1)
	s.network("other", 2)
	s.network("closed", 3, "--internal")
	s.network("quiet", 4, "-o", "com.docker.network.bridge.enable_icc=false")
	s.network("routed", 5, "-o", "com.docker.network.bridge.gateway_mode_ipv4=routed", "-o", "com.docker.network.bridge.gateway_mode_ipv6=routed")
	s.network("open", 6, "-o", "com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected", "-o", "com.docker.network.bridge.gateway_mode_ipv6=nat-unprotected")
	s.network("trusting", 7, "-o", "com.docker.network.bridge.trusted_host_interfaces="+s.lan.Device)
	s.start("web", "plain", "-p", "8080:80", "-p", "5300:53/udp", "-p", "127.0.0.1:8081:80", "-p", "[::1]:8081:80")
	s.start("near", "plain")
	s.start("far", "other")
	s.start("both", "other", "-p", "8083:80")
	s.MustDocker("network", "connect", "plain", "both")
	s.start("db", "closed")
	s.start("job", "closed", "--cap-add", "NET_ADMIN")
	s.start("mute", "quiet", "-p", "8082:80")
	s.start("deaf", "quiet")
	s.start("direct", "routed", "-p", "80")
	s.start("bare", "open")
	s.start("guarded", "trusting", "-p", "80")
	s.start("native", "bridge", "-p", "8090:80")
	// Who knows the way and sets it is not to get out either.
	h.MustRun("nsenter", "-t", s.containers["job"].pid, "-n", "ip", "route", "replace", "default", "via", "192.168.3.1")
	h.MustRun("nsenter", "-t", s.containers["job"].pid, "-n", "ip", "-6", "route", "replace", "default", "via", "fd00:3::1")
	return s
}

func (s *scenario) network(name string, number int, options ...string) {
	s.t.Helper()
	arguments := []string{"network", "create", "-d", s.driver, "--ipv6",
		"--subnet", fmt.Sprintf("192.168.%d.0/24", number), "--gateway", fmt.Sprintf("192.168.%d.1", number),
		"--subnet", fmt.Sprintf("fd00:%d::/64", number), "--gateway", fmt.Sprintf("fd00:%d::1", number)}
	if s.driver == "mybridge" {
		arguments = append(arguments, "--ipam-driver", "mybridge")
	}
	s.MustDocker(append(append(arguments, options...), name)...)
}

// start starts a container that answers on TCP ports 80 and 81 and UDP port 53.
func (s *scenario) start(name, network string, arguments ...string) {
	s.t.Helper()
	s.MustDocker(append(append([]string{"run", "-d", "--name", name, "--hostname", name, "--network", network}, arguments...),
		"probe", "serve", "-tcp", "80", "-udp", "53")...)
	c := container{network: network, pid: s.MustDocker("inspect", "-f", "{{.State.Pid}}", name)}
	c.ipv4 = netip.MustParseAddr(s.address(name, network))
	c.ipv6 = netip.MustParseAddr(s.MustDocker("inspect", "-f", `{{(index .NetworkSettings.Networks "`+network+`").GlobalIPv6Address}}`, name))
	s.containers[name] = c
	s.Spawn("nsenter", "-t", c.pid, "-n", "-u", "probe", "serve", "-tcp", "81").WaitLog("serving")
}

func (s *scenario) remove() {
	s.t.Helper()
	var names []string
	for name := range s.containers {
		names = append(names, name)
	}
	s.MustDocker(append([]string{"rm", "-f"}, names...)...)
	s.MustDocker("network", "rm", "plain", "other", "closed", "quiet", "routed", "open", "trusting")
	s.MustRun("ip", "link", "del", s.lan.Device)
}

// askAll asks all questions in both families, a few at a time, and then wants a
// control for each no.
func (s *scenario) askAll(want func(q question, family string) bool) {
	s.t.Helper()
	var asking sync.WaitGroup
	turn := make(chan struct{}, 6)
	for _, q := range questions {
		for _, family := range []string{"IPv4", "IPv6"} {
			if q.only != "" && q.only != family {
				continue
			}
			asking.Add(1)
			turn <- struct{}{}
			go func() {
				defer asking.Done()
				defer func() { <-turn }()
				s.ask(q, family, want(q, family))
			}()
		}
	}
	asking.Wait()
	for control, question := range s.refused {
		if s.strict && !s.answered[control] {
			s.t.Errorf("%s: nobody reaches %s, so the probe shows nothing", question, control)
		}
	}
}

// ask asks one question and compares the answer.
func (s *scenario) ask(q question, family string, want bool) {
	protocol, place, _ := strings.Cut(q.to, " ")
	name, port, _ := strings.Cut(place, ":")
	address := s.placeAddress(q.from, name, family)
	arguments := []string{"probe", "get", "-timeout", "900ms", net.JoinHostPort(address, port)}
	switch protocol {
	case "udp":
		arguments[1] = "getudp"
	case "ping":
		arguments = []string{"probe", "ping", "-timeout", "900ms", address}
	}
	if want {
		arguments[3] = "5s"
	}
	answer, err := s.from(q.from, arguments...)
	when := fmt.Sprintf("%s: %s? %s to %s (%s)", family, q.ask, q.from, q.to, strings.Join(arguments, " "))
	control := fmt.Sprintf("%s %s of %s by %s", protocol, servicePort(protocol, port), q.server, family)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case want && err != nil:
		s.t.Errorf("%s: no: %v", when, err)
	case !want && err == nil:
		s.t.Errorf("%s: yes: %s", when, answer)
	case !want:
		s.refused[control] = when
	case protocol != "ping" && !strings.HasPrefix(answer, q.server+" ") && q.server != "lan":
		s.t.Errorf("%s: %q answers, want %s", when, answer, q.server)
	default:
		s.answered[control] = true
		s.wantSeen(when, q, family, answer)
	}
}

// servicePort is the server's own port behind a published one.
func servicePort(protocol, port string) string {
	switch {
	case protocol == "ping":
		return "echo"
	case protocol == "udp":
		return "53"
	case port == "81":
		return "81"
	}
	return "80"
}

// wantSeen compares the client address that the server saw.
func (s *scenario) wantSeen(when string, q question, family, answer string) {
	if q.seen == "" || !s.strict {
		return
	}
	want := s.placeAddress(q.from, q.from, family)
	if q.seen == "host" {
		want = s.placeAddress(q.from, "host", family)
	}
	if !strings.Contains(answer, " "+want+":") && !strings.Contains(answer, " ["+want+"]:") {
		s.t.Errorf("%s: the server says %q, want it to see %s", when, answer, want)
	}
}

// from runs a program where the asker is.
func (s *scenario) from(asker string, arguments ...string) (string, error) {
	switch asker {
	case "host":
		return s.Run(arguments...)
	case "lan":
		return s.lan.Run(arguments...)
	}
	return s.Run(append([]string{"nsenter", "-t", s.containers[asker].pid, "-n"}, arguments...)...)
}

// placeAddress is the place's address as the asker types it.
func (s *scenario) placeAddress(asker, place, family string) string {
	choose := func(ipv4, ipv6 string) string {
		if family == "IPv6" {
			return ipv6
		}
		return ipv4
	}
	switch place {
	case "host":
		return choose(hostIPv4, hostIPv6)
	case "localhost":
		return choose("127.0.0.1", "::1")
	case "lan":
		return choose(lanIPv4, lanIPv6)
	case "gateway":
		gateway := s.containers[asker]
		return choose(netip.PrefixFrom(gateway.ipv4, 24).Masked().Addr().Next().String(), netip.PrefixFrom(gateway.ipv6, 64).Masked().Addr().Next().String())
	}
	return choose(s.containers[place].ipv4.String(), s.containers[place].ipv6.String())
}
