package fault

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/test/kernel"
)

// world is a host with a plugin, a machine outside, a network whose two containers
// talk the whole time, and machines that containers of a life become.
type world struct {
	t      *testing.T
	host   host
	plugin *plugin

	machine    *kernel.Machine
	outside    *machine
	containers map[string]*machine
	talks      []*talk
	// foreign is what others have, as it was.
	foreign string
	// spoilt says that no further life can be compared with what was learned.
	spoilt bool
}

// outsideAddress is where the host is reached from outside (RFC 5737).
const outsideAddress = "198.51.100.1"

// foreignTable is rules that are somebody else's, about a bridge that is too.
const foreignTable = `table inet others {
	set addresses { type ipv4_addr; elements = { 203.0.113.7 }; }
	chain forward { type filter hook forward priority 0; ip saddr @addresses iifname "foreign0" accept; }
}`

// newWorld moves the calling goroutine into a network namespace, which becomes the
// host.
func newWorld(t *testing.T, h host, state string) *world {
	kernel.Namespace(t)
	w := &world{t: t, host: h, machine: kernel.ThisMachine(t, "host"), containers: map[string]*machine{}}
	w.outside = newMachine(t, "outside")
	for _, name := range []string{"web", "peer", "standing", "beside"} {
		w.containers[name] = newMachine(t, name)
	}
	w.containers["web"].echo(t)
	w.containers["standing"].echo(t)
	kernel.Run(t, "ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", w.outside.Pid())
	w.machine.Configure(t, "address add "+outsideAddress+"/24 dev up0", "link set up0 up",
		"link add foreign0 address 02:00:00:00:00:f0 type bridge", "link set foreign0 addrgenmode none", "address add 203.0.113.1/24 dev foreign0", "link set foreign0 alias somebody's up")
	w.outside.Configure(t, "address add 198.51.100.2/24 dev eth0", "link set eth0 up")
	w.machine.Feed(t, foreignTable, "nft", "-f", "-")
	if h.iptables {
		kernel.Run(t, "iptables", "-A", "FORWARD", "-i", "foreign0", "-s", "203.0.113.7", "-j", "ACCEPT")
	}
	w.foreign = w.lookAtForeign()
	w.plugin = newPlugin(t, h, state)
	w.plugin.MustStart()
	return w
}

// newLivelyWorld is a world in which somebody talks.
func newLivelyWorld(t *testing.T, h host, state string) *world {
	w := newWorld(t, h, state)
	w.raiseStanding()
	return w
}

// lookAtForeign returns what others have, byte for byte.
func (w *world) lookAtForeign() string {
	w.t.Helper()
	seen := kernel.Run(w.t, "ip", "address", "show", "dev", "foreign0") + kernel.Run(w.t, "nft", "list", "table", "inet", "others")
	if w.host.iptables {
		// Ours is the one jump that may stand among theirs.
		for line := range strings.Lines(kernel.Run(w.t, "iptables", "-S", "FORWARD")) {
			if !strings.Contains(line, "MYBRIDGE") {
				seen += line
			}
		}
	}
	return seen
}

// raiseStanding makes the network whose containers talk whatever happens to others,
// and are talked to from outside.
func (w *world) raiseStanding() {
	w.t.Helper()
	l := newLife(w, standing())
	for i := range l.story.calls {
		if err := l.do(i); err != nil {
			w.t.Fatalf("%s: %v", l.story.calls[i].name, err)
		}
	}
	w.talks = []*talk{
		w.containers["beside"].talk(w.t, "a connection between containers", "192.0.2.2:80"),
		w.outside.talk(w.t, "a connection to a published port", outsideAddress+":8080"),
	}
}

// wantTalk finds what no longer is said, or can no longer be.
func (w *world) wantTalk() error {
	for _, k := range w.talks {
		if err := k.goesOn(); err != nil {
			return err
		}
	}
	return w.wantEcho(w.outside, outsideAddress+":8080")
}

func (w *world) wantEcho(from *machine, address string) error {
	connection, err := from.dial(address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// wantLook waits until the host looks as one of the looks, as far as they are
// compared. What follows changes takes its time; the time only bounds a failure.
func (w *world) wantLook(endpoints []ids, rest func(lines []string) []string, looks ...[]string) error {
	deadline := time.Now().Add(3 * time.Second)
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		seen, err := w.look(endpoints)
		if err != nil {
			return err
		}
		if isOneOf(seen, rest, looks) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the host does not look as it should, but:\n%s", closest(seen, rest, looks))
		}
		time.Sleep(pause)
	}
}

// looks reports whether the host looks so now.
func (w *world) looks(endpoints []ids, rest func(lines []string) []string, looks ...[]string) bool {
	seen, err := w.look(endpoints)
	return err == nil && isOneOf(seen, rest, looks)
}

func isOneOf(seen []string, rest func(lines []string) []string, looks [][]string) bool {
	return slices.ContainsFunc(looks, func(look []string) bool { return slices.Equal(rest(look), rest(seen)) })
}

// closest is the difference to that look from which it is smallest.
func closest(seen []string, rest func(lines []string) []string, looks [][]string) string {
	var smallest string
	for _, look := range looks {
		if d := difference(rest(seen), rest(look)); smallest == "" || len(d) < len(smallest) {
			smallest = d
		}
	}
	return smallest
}

func difference(seen, want []string) string {
	var text strings.Builder
	for _, line := range seen {
		if !slices.Contains(want, line) {
			fmt.Fprintln(&text, "  + ", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(seen, line) {
			fmt.Fprintln(&text, "  - ", line)
		}
	}
	return text.String()
}

// attach does what the engine does with the interface that Join answered.
func (w *world) attach(container, link, device string, addresses []string, gateways ...string) error {
	m := w.containers[container]
	if err := ip(nil, fmt.Sprintf("link set %s netns %s name %s", link, m.Pid(), device)); err != nil {
		return err
	}
	commands := []string{fmt.Sprintf("link set %s up", device)}
	for _, address := range addresses {
		option := ""
		if strings.Contains(address, ":") {
			option = " nodad"
		}
		commands = append(commands, fmt.Sprintf("address add %s dev %s%s", address, device, option))
	}
	for _, gateway := range gateways {
		if gateway != "" {
			commands = append(commands, "route add default via "+gateway)
		}
	}
	return ip(m, commands...)
}

// detach does what it does when the container has left.
func (w *world) detach(container, link, device string) error {
	return ip(w.containers[container], fmt.Sprintf("link set %s down", device),
		fmt.Sprintf("link set %s netns %s name %s", device, w.machine.Pid(), link))
}

// ip runs commands of ip on the machine, or on this host.
func ip(m *machine, commands ...string) error {
	command := exec.Command("ip", "-batch", "-")
	if m != nil {
		command = m.Command(context.Background(), "ip", "-batch", "-")
	}
	command.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(commands, ", "), err, output)
	}
	return nil
}

// forgetForwarding lets the next network with IPv6 turn forwarding on, which it
// never turns off.
func (w *world) forgetForwarding() {
	w.t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("0\n"), 0o644); err != nil {
		w.t.Fatal(err)
	}
}
