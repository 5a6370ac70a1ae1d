package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// inContainer is a container with the test's link in it, as the engine puts it there.
func inContainer(t *testing.T, m *Manager, v Veth, name Name) (*kernel.Machine, Interface) {
	t.Helper()
	must(t, m.EnsureVeth(t.Context(), v))
	c := kernel.NewMachine(t, "one")
	kernel.Run(t, "ip", "link", "set", string(v.Peer), "netns", c.Pid())
	inside := Interface{Sandbox: "/proc/" + c.Pid() + "/ns/net", Name: name, Prefix: "eth"}
	c.Configure(t, fmt.Sprintf("link set %s name %s up", v.Peer, name))
	for _, a := range v.Addresses {
		gateway := a.Masked().Addr().Next()
		c.Configure(t, fmt.Sprintf("address add %s dev %s nodad", a, name), fmt.Sprintf("route add default via %s", gateway))
		inside.Gateways = append(inside.Gateways, gateway)
	}
	return c, inside
}

// wantReached wants the container to answer: with a refusal, as nobody listens.
func wantReached(t *testing.T, address string) {
	t.Helper()
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err == nil {
		_ = connection.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connecting to %s: %v, want %v", address, err, unix.ECONNREFUSED)
	}
}

func wantInside(t *testing.T, c *kernel.Machine, command string, want ...string) {
	t.Helper()
	shown := c.Run(t, "ip", strings.Fields(command)...)
	for _, part := range want {
		if !strings.Contains(shown, part) {
			t.Errorf("in the container 'ip %s' does not show %q:\n%s", command, part, shown)
		}
	}
}

// TestRemakeVeth wants a link that somebody deleted made as it was, on the host and in
// the container, and one that is there left alone.
func TestRemakeVeth(t *testing.T) {
	m := open(t)
	v := testVeth()
	v.Addresses = append(v.Addresses, netip.MustParsePrefix("2001:db8::2/64"))
	v.Isolated = true
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	c, inside := inContainer(t, m, v, "eth0")
	seen, err := m.InterfaceName(t.Context(), v.Name, inside.Sandbox)
	must(t, err)
	if seen != "eth0" {
		t.Errorf("the interface is called %q, want eth0", seen)
	}
	kernel.Run(t, "ip", "link", "delete", string(v.Name))
	for range 2 {
		must(t, m.RemakeVeth(t.Context(), v, inside))
		wantShown(t, v.Name, "UP", "mtu 1400", "master mb-test", "isolated on", "endpoint=e1")
		wantInside(t, c, "-d address show eth0", "UP", "mtu 1400", v.MAC.String(), "192.0.2.2/24", "2001:db8::2/64")
		wantInside(t, c, "route", "default via 192.0.2.1 dev eth0")
		wantInside(t, c, "-6 route", "default via 2001:db8::1 dev eth0")
		wantReached(t, "192.0.2.2:9")
		wantReached(t, "[2001:db8::2]:9")
	}
	problems, err := m.Problems(t.Context(), nil, []Veth{v})
	must(t, err)
	if len(problems) > 0 {
		t.Errorf("found %v, want nothing", problems)
	}
}

// TestInterfaceName wants an interface's name known when the engine is done with it, and
// no sooner.
func TestInterfaceName(t *testing.T) {
	m := open(t)
	v := testVeth()
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	must(t, m.EnsureVeth(t.Context(), v))
	c := kernel.NewMachine(t, "one")
	path := "/proc/" + c.Pid() + "/ns/net"
	for _, step := range []struct {
		do   func()
		want Name
	}{
		{func() {}, ""},
		{func() { kernel.Run(t, "ip", "link", "set", string(v.Peer), "netns", c.Pid()) }, ""},
		{func() { c.Configure(t, "link set "+string(v.Peer)+" name lan0") }, ""},
		{func() { c.Configure(t, "link set lan0 up") }, "lan0"},
		{func() { kernel.Run(t, "ip", "link", "delete", string(v.Name)) }, ""},
	} {
		step.do()
		if got, err := m.InterfaceName(t.Context(), v.Name, path); got != step.want || (err == nil) != (step.want != "") {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
	}
}

// TestRemakeVethOfAnInternalNetwork wants neither a default route nor IPv6 where there
// was none.
func TestRemakeVethOfAnInternalNetwork(t *testing.T) {
	m := open(t)
	v := testVeth()
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	c, inside := inContainer(t, m, v, "eth0")
	inside.Gateways = nil
	kernel.Run(t, "ip", "link", "delete", string(v.Name))
	must(t, m.RemakeVeth(t.Context(), v, inside))
	wantInside(t, c, "address show eth0", "192.0.2.2/24")
	if shown := c.Run(t, "ip", "route"); strings.Contains(shown, "default") {
		t.Errorf("the container has a default route:\n%s", shown)
	}
	if shown := c.Run(t, "ip", "-6", "address", "show", "eth0"); strings.Contains(shown, "inet6") {
		t.Errorf("the interface has IPv6:\n%s", shown)
	}
}

// TestRemakeVethAmongOthers wants an interface to find its name, one that is taken not
// to be taken away, and a default route that goes elsewhere left as it is.
func TestRemakeVethAmongOthers(t *testing.T) {
	for name, test := range map[string]struct{ known, rest, want Name }{
		"its name is free":          {known: "lan0", rest: "eth0", want: "lan0"},
		"another has its name":      {known: "eth0", rest: "eth0", want: "eth1"},
		"nobody knows, the first":   {rest: "eth1", want: "eth0"},
		"nobody knows, the second":  {rest: "eth0", want: "eth1"},
		"renamed since it was seen": {known: "eth1", rest: "eth0", want: "eth1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			v := testVeth()
			must(t, m.EnsureBridge(t.Context(), testBridge()))
			c, inside := inContainer(t, m, v, "tmp0")
			kernel.Run(t, "ip", "link", "delete", string(v.Name))
			other := string(test.rest)
			c.Configure(t, "link add "+other+" type bridge", "link set "+other+" up",
				"address add 198.51.100.2/24 dev "+other, "route add default via 198.51.100.1")
			inside.Name = test.known
			must(t, m.RemakeVeth(t.Context(), v, inside))
			wantInside(t, c, "address show "+string(test.want), "192.0.2.2/24", v.MAC.String())
			wantInside(t, c, "route", "default via 198.51.100.1 dev "+other)
			if shown := c.Run(t, "ip", "route"); strings.Count(shown, "default") != 1 {
				t.Errorf("the container has not one default route:\n%s", shown)
			}
		})
	}
}

// TestNoContainerToRemakeIn wants nothing made where the container is gone, or where
// the path was never one's.
func TestNoContainerToRemakeIn(t *testing.T) {
	m := open(t)
	v := testVeth()
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	empty := filepath.Join(t.TempDir(), "netns")
	must(t, os.WriteFile(empty, nil, 0o600))
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	for path, why := range map[string]string{
		"":                  "not known",
		"netns/abc":         "not the path",
		"/proc/0/ns/net":    "not there",
		empty:               "not a network namespace any more",
		pipe:                "not a network namespace any more",
		"/proc/self/ns/uts": "not a network namespace",
		fmt.Sprintf("/proc/%d/ns/net", unix.Gettid()): "the host's own",
	} {
		if err := m.SandboxReached(path); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: got %v, want %q", path, err, why)
		}
		if err := m.RemakeVeth(t.Context(), v, Interface{Sandbox: path, Prefix: "eth"}); err == nil {
			t.Errorf("%q: the link was made", path)
		}
		if _, err := m.InterfaceName(t.Context(), v.Name, path); err == nil {
			t.Errorf("%q: an interface was found", path)
		}
	}
	if shown := show(t, v.Name) + show(t, v.Peer); shown != "" {
		t.Errorf("there is %s", shown)
	}
}

// TestRemakeHalfMadeVeth wants a pair whose making again was cut short, or that has
// lost its alias, to be told and made anew, and one that fails to leave nothing.
func TestRemakeHalfMadeVeth(t *testing.T) {
	m := open(t)
	v := testVeth()
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	c, inside := inContainer(t, m, v, "eth0")
	kernel.Run(t, "ip", "link", "set", string(v.Name), "alias", "")
	problems, err := m.Problems(t.Context(), nil, []Veth{v})
	must(t, err)
	if problems[v.Name] != HalfMade {
		t.Errorf("found %v, want %q", problems, HalfMade)
	}
	must(t, m.RemakeVeth(t.Context(), v, inside))
	wantShown(t, v.Name, "UP", "master mb-test", "endpoint=e1")
	wantInside(t, c, "address show eth0", "192.0.2.2/24")
	wantInside(t, c, "route", "default via 192.0.2.1 dev eth0")

	kernel.Run(t, "ip", "link", "delete", string(v.Name))
	inside.Gateways = []netip.Addr{netip.MustParseAddr("203.0.113.1")} // nobody is on the way to it
	if err := m.RemakeVeth(t.Context(), v, inside); err == nil {
		t.Error("a default route by nobody was made")
	}
	if shown := show(t, v.Name) + c.Run(t, "ip", "-o", "link", "show", "type", "veth"); shown != "" {
		t.Errorf("there is %s", shown)
	}
	kernel.Run(t, "ip", "link", "add", string(v.Name), "type", "veth", "peer", "name", "x0")
	kernel.Run(t, "ip", "link", "set", string(v.Name), "alias", "somebody else's")
	if err := m.RemakeVeth(t.Context(), v, inside); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
}
