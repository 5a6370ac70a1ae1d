package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestAntispoof wants a container that pretends to be another, or the gateway, to
// get nothing by it, and addresses that nobody holds to be free.
func TestAntispoof(t *testing.T) {
	onEachBackend(t, func(h *host) {
		s := newSegment(h, 1)
		s.wantLies(false)
		s.wantAddressTaken(false)
		s.wantFloatingAddress()
		s.wantMACTaken(false)
	})
}

// TestWithoutAntispoof is the control: the same succeeds where it is turned off.
func TestWithoutAntispoof(t *testing.T) {
	onEachBackend(t, func(h *host) {
		s := newSegment(h, 2, "-o", "mybridge.antispoof=false")
		s.wantLies(true)
		s.wantAddressTaken(true)
		s.wantMACTaken(true)
	})
}

// segment is a network with the containers victim, neighbour and attacker. They may
// send raw frames, as by default, and set addresses.
type segment struct {
	*host
	members map[string]member
	// floating is an address of each family that belongs to nobody.
	floating []string
}

// member is a container, or the gateway.
type member struct {
	pid, mac  string
	addresses []string
}

// prefixes are the lengths of a segment's addresses, in their order.
var prefixes = []string{"/24", "/64"}

func newSegment(h *host, number int, options ...string) *segment {
	h.t.Helper()
	addresses := func(host int) []string {
		return []string{fmt.Sprintf("192.168.%d.%d", number, host), fmt.Sprintf("fd00:%d::%d", number, host)}
	}
	s := &segment{host: h, members: map[string]member{}, floating: addresses(200)}
	h.createNetwork("n1", append(options, "--ipv6", "--subnet", addresses(0)[0]+"/24", "--subnet", fmt.Sprintf("fd00:%d::/64", number), "-o", "com.docker.network.bridge.name=segment")...)
	s.members["gateway"] = member{mac: h.MustRun("cat", "/sys/class/net/segment/address"), addresses: addresses(1)}
	for i, name := range []string{"victim", "neighbour", "attacker"} {
		m := member{addresses: addresses(10 + i)}
		h.serve(name, "n1", "--hostname", name, "--cap-add", "NET_ADMIN", "--ip", m.addresses[0], "--ip6", m.addresses[1])
		m.pid = h.MustDocker("inspect", "-f", "{{.State.Pid}}", name)
		m.mac = h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.MacAddress}}", name)
		s.members[name] = m
	}
	// An entry may change at once, not only a second after the last change (arp(7)).
	s.in("victim", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/neigh/eth0/locktime")
	return s
}

// in runs a program of the host's in a container's network.
func (s *segment) in(name string, arguments ...string) string {
	s.t.Helper()
	return s.MustRun(append([]string{"nsenter", "-t", s.members[name].pid, "-n"}, arguments...)...)
}

// announce has a container tell all others that it has the addresses, as keepalived
// does: by ARP replies that nobody asked for, and neighbour advertisements.
func (s *segment) announce(name string, addresses []string) {
	s.t.Helper()
	m := s.members[name]
	for _, frame := range [][]string{
		{"arp", addresses[0], m.mac, addresses[0]},
		{"-to", "33:33:00:00:00:01", "advertise", m.addresses[1], "ff02::1", addresses[1], m.mac},
	} {
		if _, err := s.probe(name, append([]string{"spoof"}, frame...)...); err != nil {
			s.t.Fatal(err)
		}
	}
}

// add gives a container the addresses of both families, and remove takes them.
func (s *segment) add(name string, addresses []string) {
	s.t.Helper()
	for i, address := range addresses {
		s.in(name, "ip", "address", "add", address+prefixes[i], "dev", "eth0", "nodad")
	}
}

func (s *segment) remove(name string, addresses []string) {
	s.t.Helper()
	for i, address := range addresses {
		s.in(name, "ip", "address", "del", address+prefixes[i], "dev", "eth0")
	}
}

// wantLies has the attacker announce others' addresses, and wants the victim's
// neighbour table to believe it or not.
func (s *segment) wantLies(believed bool) {
	s.t.Helper()
	for _, name := range []string{"gateway", "neighbour"} {
		other := s.members[name]
		for _, address := range other.addresses {
			s.wantReached("victim", address) // so there is an entry
		}
		want := other.mac
		if believed {
			want = s.members["attacker"].mac
		}
		// Who is lied about may be asked and answer in between: then once more.
		for attempt := 1; ; attempt++ {
			s.announce("attacker", other.addresses)
			s.wantReached("attacker", s.members["victim"].addresses[0]) // so what it sent has arrived
			entry := ""
			for _, address := range other.addresses {
				if entry = s.in("victim", "ip", "neighbour", "show", address); !strings.Contains(entry, "lladdr "+want) {
					break
				}
			}
			if strings.Contains(entry, "lladdr "+want) {
				break
			}
			if !believed || attempt == 5 {
				s.t.Fatalf("the victim believes of the %s %q, want it at %s", name, entry, want)
			}
		}
	}
	s.in("victim", "ip", "neighbour", "flush", "dev", "eth0")
}

// wantAddressTaken has the attacker add the neighbour's addresses to its own.
func (s *segment) wantAddressTaken(want bool) {
	s.t.Helper()
	taken := s.members["neighbour"].addresses
	s.add("attacker", taken)
	if !want { // otherwise it is chance who answers the victim's question first
		s.wantTaken(want, "its addresses", func() { s.in("victim", "ip", "neighbour", "flush", "dev", "eth0") })
	}
	s.wantTaken(want, "its addresses, announced", func() { s.announce("attacker", taken) })
	s.remove("attacker", taken)
	s.in("victim", "ip", "neighbour", "flush", "dev", "eth0")
}

// wantMACTaken has the attacker use the neighbour's MAC too, so that the bridge
// learns from its frames that the neighbour is there.
func (s *segment) wantMACTaken(want bool) {
	s.t.Helper()
	neighbour, attacker, victim := s.members["neighbour"], s.members["attacker"], s.members["victim"]
	for _, address := range neighbour.addresses {
		s.wantReached("victim", address) // so it need not ask where that is
	}
	s.in("attacker", "ip", "link", "set", "eth0", "address", neighbour.mac)
	s.add("attacker", neighbour.addresses)
	s.wantTaken(want, "its MAC and addresses", func() {
		if _, err := s.probe("attacker", "spoof", "-to", victim.mac, "echo", attacker.addresses[0], victim.addresses[0]); err != nil {
			s.t.Fatal(err)
		}
	})
}

// wantTaken lets the attacker try a few times, and wants it to get what the victim
// sends to the neighbour, or the neighbour to get it each time.
func (s *segment) wantTaken(want bool, what string, try func()) {
	s.t.Helper()
	for _, address := range s.members["neighbour"].addresses {
		taken := false
		for range 3 {
			try()
			answer := s.ask(address)
			taken = taken || answer == "attacker"
			if !want && answer != "neighbour" {
				s.t.Errorf("the attacker takes %s: the victim asks %s and %q answers, want the neighbour", what, address, answer)
			}
		}
		if want && !taken {
			s.t.Errorf("the attacker takes %s, nobody keeps it from that, and it is never asked at %s", what, address)
		}
	}
}

// ask returns the name of the container that answers the victim, or the error.
func (s *segment) ask(address string) string {
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	answer, err := s.probe("victim", "get", "-timeout", "4s", address+":80")
	if err != nil {
		return err.Error()
	}
	name, _, _ := strings.Cut(answer, " ")
	return name
}

// wantFloatingAddress moves the floating addresses from one container to another
// and back. The announcement has to arrive: without it the victim would go on
// sending to the last holder for longer than ask waits.
func (s *segment) wantFloatingAddress() {
	s.t.Helper()
	last := ""
	for _, holder := range []string{"neighbour", "attacker", "neighbour"} {
		if last != "" {
			s.remove(last, s.floating)
		}
		s.add(holder, s.floating)
		s.announce(holder, s.floating)
		for _, address := range s.floating {
			if answer := s.ask(address); answer != holder {
				s.t.Errorf("the floating address %s is the %s's and %q answers", address, holder, answer)
			}
		}
		last = holder
	}
}
