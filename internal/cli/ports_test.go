package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/driver"
	"mybridge/internal/cli"
	"mybridge/internal/engine"
	"mybridge/internal/hostport"
)

func port(network, endpoint string, protocol hostport.Protocol, host, container string) driver.PublishedPort {
	m := hostport.Mapping{Protocol: protocol, Container: netip.MustParseAddrPort(container)}
	if host != "" {
		m.Host = netip.MustParseAddrPort(host)
	}
	return driver.PublishedPort{Network: driver.NetworkID(network), Endpoint: driver.EndpointID(endpoint), Mapping: m}
}

// publishing is a host where web is on two networks, three containers publish
// nothing, and of one endpoint the engine does not know the container.
func publishing() *fakeProgram {
	const shop, back = "1a2b3c4d5e6f7a8b", "2a2b3c4d5e6f7a8b"
	return &fakeProgram{
		published: []driver.PublishedPort{
			port(shop, "0a1b2c3d4e5f6a7b", hostport.UDP, "0.0.0.0:53", "192.168.0.2:53"),
			port(back, "5a1b2c3d4e5f6a7b", hostport.TCP, "", "10.0.0.2:9000"),
			port(shop, "0a1b2c3d4e5f6a7b", hostport.TCP, "[::]:8080", "192.168.0.2:80"),
			port(back, "dead1c3d4e5f6a7b", hostport.TCP, "127.0.0.1:1", "10.0.0.9:1"),
			port(shop, "0a1b2c3d4e5f6a7b", hostport.TCP, "0.0.0.0:8080", "192.168.0.2:80"),
			port(shop, "3a1b2c3d4e5f6a7b", hostport.TCP, "192.0.2.7:5432", "[2001:db8::3]:5432"),
		},
		containers: []engine.Container{
			{ID: "7eb0c1d2e3f4a5b6", Name: "db", Endpoints: []string{"3a1b2c3d4e5f6a7b"}},
			{ID: "c0ffee00e3f4a5b6", Name: "web", Endpoints: []string{"0a1b2c3d4e5f6a7b", "5a1b2c3d4e5f6a7b"}},
			{ID: "c0ffee11e3f4a5b6", Name: "dead", Endpoints: []string{"9a1b2c3d4e5f6a7b"}},
			{ID: "c0ffee22e3f4a5b6", Name: "alone"},
			{ID: "d000000000000000", Name: "7eb", Endpoints: []string{"8a1b2c3d4e5f6a7b"}},
		},
	}
}

const (
	portsHead   = "CONTAINER   ENDPOINT       NETWORK        PORT       HOST             ADDRESS\n"
	portsNobody = "-           dead1c3d4e5f   2a2b3c4d5e6f   1/tcp      127.0.0.1:1      10.0.0.9\n"
	portsDB     = "db          3a1b2c3d4e5f   1a2b3c4d5e6f   5432/tcp   192.0.2.7:5432   2001:db8::3\n"
	portsWeb    = "web         0a1b2c3d4e5f   1a2b3c4d5e6f   80/tcp     0.0.0.0:8080     192.168.0.2\n" +
		"web         0a1b2c3d4e5f   1a2b3c4d5e6f   80/tcp     [::]:8080        192.168.0.2\n" +
		"web         0a1b2c3d4e5f   1a2b3c4d5e6f   53/udp     0.0.0.0:53       192.168.0.2\n" +
		"web         5a1b2c3d4e5f   2a2b3c4d5e6f   9000/tcp   -                10.0.0.2\n"
)

// sameColumns makes tables equal that differ in the width of their columns.
func sameColumns(table string) string {
	var lines []string
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func TestPortsTable(t *testing.T) {
	code, stdout, stderr := publishing().run("ports")
	if want := portsHead + portsNobody + portsDB + portsWeb; code != 0 || stdout != want || stderr != "" {
		t.Errorf("got exit code %d, stderr %q, stdout:\n%swant:\n%s", code, stderr, stdout, want)
	}
}

// TestPortsOfOne asks for one container or endpoint, by what people have at hand.
// A name beats an ID that begins alike, and a container an endpoint.
func TestPortsOfOne(t *testing.T) {
	for asked, want := range map[string]string{
		"web":              portsWeb,
		"c0ffee00":         portsWeb,
		"c0ffee00e3f4a5b6": portsWeb,
		"c0ffee":           portsWeb,
		"3a1b2c3d4e5f":     portsDB,
		"3a1b2c3d4e5f6a7b": portsDB,
		"7eb0":             portsDB,
		"dead1":            portsNobody,
		"dead":             "",
		"7eb":              "",
		"alone":            "",
	} {
		code, stdout, stderr := publishing().run("ports", asked)
		if code != 0 || sameColumns(stdout) != sameColumns(portsHead+want) || stderr != "" {
			t.Errorf("ports %s: got exit code %d, stderr %q, stdout:\n%swant:\n%s", asked, code, stderr, stdout, portsHead+want)
		}
	}
}

// TestPortsJSON checks the keys on which programs rely.
func TestPortsJSON(t *testing.T) {
	for line, want := range map[string]string{
		"ports --json db":    `[{"name":"db","network":"1a2b3c4d5e6f7a8b","endpoint":"3a1b2c3d4e5f6a7b","protocol":"tcp","host":"192.0.2.7:5432","container":"[2001:db8::3]:5432"}]`,
		"ports --json 5a1b":  `[{"name":"web","network":"2a2b3c4d5e6f7a8b","endpoint":"5a1b2c3d4e5f6a7b","protocol":"tcp","host":"","container":"10.0.0.2:9000"}]`,
		"ports --json dead1": `[{"network":"2a2b3c4d5e6f7a8b","endpoint":"dead1c3d4e5f6a7b","protocol":"tcp","host":"127.0.0.1:1","container":"10.0.0.9:1"}]`,
		"ports --json dead":  `[]`,
	} {
		code, stdout, _ := publishing().run(strings.Fields(line)...)
		if code != 0 || stdout != want+"\n" || !json.Valid([]byte(stdout)) {
			t.Errorf("%s: got exit code %d,\n%swant %s", line, code, stdout, want)
		}
	}
}

func TestPortsOfNothing(t *testing.T) {
	for line, want := range map[string]string{"ports": "CONTAINER ENDPOINT NETWORK PORT HOST ADDRESS", "ports --json": "[]"} {
		code, stdout, stderr := (&fakeProgram{}).run(strings.Fields(line)...)
		if code != 0 || sameColumns(stdout) != want || stderr != "" {
			t.Errorf("%s: got exit code %d, stdout %q, stderr %q, want 0 and %q", line, code, stdout, stderr, want)
		}
	}
}

// TestPortsWithoutEngine wants all to be listed that needs no container's name.
func TestPortsWithoutEngine(t *testing.T) {
	p := publishing()
	p.containers, p.engineErr = nil, errors.New("asking the engine: connection refused")
	code, stdout, stderr := p.run("ports")
	if code != 0 || strings.Count(stdout, "\n") != 7 || strings.Count(stdout, "\n-  ") != 6 || stderr != "" {
		t.Errorf("got exit code %d, stderr %q, want six ports without names:\n%s", code, stderr, stdout)
	}
	if code, stdout, stderr := p.run("ports", "3a1b2c"); code != 0 || !strings.Contains(stdout, "192.0.2.7:5432") || stderr != "" {
		t.Errorf("an endpoint's ports: got exit code %d, stdout %q, stderr %q, want 192.0.2.7:5432", code, stdout, stderr)
	}
	code, stdout, stderr = p.run("ports", "web")
	wantRun(t, "ports web", code, stderr, 1, "web", "whether it is a container is not known", "connection refused")
	if stdout != "" {
		t.Errorf("ports web: got %q on stdout, want nothing", stdout)
	}
}

// TestPortsHangingEngine wants the ports listed without names where the engine takes the
// question and does not answer.
func TestPortsHangingEngine(t *testing.T) {
	p := publishing()
	p.engineHangs = true
	patience, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	code, stdout, stderr := p.runUntil(patience, "ports")
	if code != 0 || strings.Count(stdout, "\n-  ") != 6 || stderr != "" || patience.Err() != nil {
		t.Errorf("got exit code %d, stderr %q, %v, want six ports without names:\n%s", code, stderr, patience.Err(), stdout)
	}
}

// TestPortsOfAStoppedPlugin wants all that is known told, and that no plugin holds it.
func TestPortsOfAStoppedPlugin(t *testing.T) {
	for line, want := range map[string]string{"ports db": portsHead + portsDB, "ports --json dead": "[]"} {
		p := publishing()
		p.notRunning = "no plugin is running at /a.sock"
		code, stdout, stderr := p.run(strings.Fields(line)...)
		wantRun(t, line, code, stderr, 1, "no plugin is running at /a.sock: shown is what its state holds")
		if sameColumns(stdout) != sameColumns(want) {
			t.Errorf("%s: got\n%swant\n%s", line, stdout, want)
		}
	}
}

func TestPortsOfUnknown(t *testing.T) {
	code, stdout, stderr := publishing().run("ports", "shop")
	wantRun(t, "ports shop", code, stderr, 1, "shop is no container that runs, nor an endpoint")
	if stdout != "" {
		t.Errorf("got %q on stdout, want nothing", stdout)
	}
}

// TestPortsTarget checks which plugin and which engine are asked.
func TestPortsTarget(t *testing.T) {
	p := &fakeProgram{}
	p.run("ports")
	p.run("ports", "--driver", "second", "--state-dir", "/s", "--engine-socket", "/e.sock")
	setenv(t, map[string]string{"MYBRIDGE_NAME": "third", "MYBRIDGE_ADMIN_SOCKET": "/a.sock", "MYBRIDGE_ENGINE_SOCKET": "/f.sock", "MYBRIDGE_JSON": "true"})
	if _, stdout, _ := p.run("ports"); strings.HasPrefix(stdout, "[") {
		t.Errorf("got %q, want a table: JSON is typed only", stdout)
	}
	wantTargets := []cli.Target{
		{Name: "mybridge", AdminSocket: "/run/mybridge/mybridge.sock", StateDir: "/var/lib/mybridge"},
		{Name: "second", AdminSocket: "/run/mybridge/second.sock", StateDir: "/s"},
		{Name: "third", AdminSocket: "/a.sock", StateDir: "/var/lib/mybridge"},
	}
	if !slices.Equal(p.targets, wantTargets) {
		t.Errorf("targets are %+v, want %+v", p.targets, wantTargets)
	}
	if want := []string{"/run/docker.sock", "/e.sock", "/f.sock"}; !slices.Equal(p.engines, want) {
		t.Errorf("engines asked are %q, want %q", p.engines, want)
	}
}
