package cli_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/driver"
	"mybridge/internal/engine"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/status"
	"mybridge/ipam"
)

const (
	shopID, backID = "1a2b3c4d5e6f7a8b", "2a2b3c4d5e6f7a8b"
	webID, dbID    = "0a1b2c3d4e5f6a7b", "3a1b2c3d4e5f6a7b"
)

// running is a plugin with two networks: shop has addresses of its own and a container
// of each kind, back has another's and nobody on it.
func running() *fakeProgram {
	since := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	v4, v6 := netip.MustParsePrefix("192.168.0.0/24"), netip.MustParsePrefix("fd00::/64")
	shop := driver.Network{
		NetworkConfig: driver.NetworkConfig{
			ID: shopID, Masquerade: true,
			IPv4: driver.Subnet{Pool: v4, Gateway: netip.MustParsePrefix("192.168.0.1/24"), Managed: true},
			IPv6: driver.Subnet{Pool: v6, Managed: true},
		},
		Bridge: "shop0", OwnsBridge: true, BridgeMAC: link.MAC{2, 0, 0, 0, 0, 1}, Phase: driver.Ready,
	}
	back := driver.Network{
		NetworkConfig: driver.NetworkConfig{ID: backID, Internal: true, NoICC: true, IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.0.0.0/24")}},
		Bridge:        "mb-back", BridgeMAC: link.MAC{2, 0, 0, 0, 0, 9}, Phase: driver.Deleting,
	}
	web := driver.Endpoint{
		EndpointConfig: driver.EndpointConfig{Network: shopID, ID: webID, IPv4: netip.MustParsePrefix("192.168.0.2/24"), IPv6: netip.MustParsePrefix("fd00::2/64")},
		ChosenMAC:      link.MAC{2, 0, 0, 0, 0, 2}, Link: "mbvweb", Phase: driver.Ready,
		HostPorts: []hostport.Mapping{{Protocol: hostport.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: netip.MustParseAddrPort("192.168.0.2:80")}},
	}
	db := driver.Endpoint{
		EndpointConfig: driver.EndpointConfig{Network: shopID, ID: dbID, IPv4: netip.MustParsePrefix("192.168.0.3/24")},
		ChosenMAC:      link.MAC{2, 0, 0, 0, 0, 3}, Link: "mbvdb", Phase: driver.Ready,
	}
	return &fakeProgram{
		now: status.Status{
			Plugin:    &status.Plugin{Version: "1.2.3", PID: 7, Since: since, Firewall: "nftables", LastCall: since.Add(time.Hour)},
			Networks:  []driver.Network{shop, back},
			Endpoints: []driver.Endpoint{web, db},
			Pools: []ipam.PoolView{
				{ID: "mybridge-local/192.168.0.0/24", Subnet: v4, Used: 3, Free: 251},
				{ID: "mybridge-local/fd00::/64", Subnet: v6, Used: 1, Free: ipam.MostFree},
				{ID: "mybridge-local/10.0.0.0/24", Subnet: netip.MustParsePrefix("10.0.0.0/24"), Used: 9}, // of another driver's network
				{Subnet: v4, Reserved: 1}, // no pool
			},
		},
		networks:   []engine.Network{{ID: shopID, Name: "shop"}, {ID: backID, Name: "back"}, {ID: "9a", Name: "bridge"}},
		containers: []engine.Container{{ID: "c0ffee00e3f4a5b6", Name: "web", Endpoints: []string{webID}}, {ID: "7eb0c1d2e3f4a5b6", Name: "db", Endpoints: []string{dbID}}},
	}
}

// stopped is the same where the plugin does not run.
func stopped() *fakeProgram {
	p := running()
	p.now.Plugin, p.now.NotRunning = nil, "no plugin is running at /x.sock"
	return p
}

// mute is the same where the engine does not answer.
func mute() *fakeProgram {
	p := running()
	p.containers, p.networks = nil, nil
	p.engineErr, p.networksErr = errors.New("connection refused"), errors.New("connection refused")
	return p
}

const (
	networksHead  = "NAME ID BRIDGE SUBNETS ENDPOINTS PORTS USED FREE PHASE\n"
	networksTable = networksHead +
		"back 2a2b3c4d5e6f mb-back 10.0.0.0/24 0 0 - - deleting\n" +
		"shop 1a2b3c4d5e6f shop0 192.168.0.0/24, fd00::/64 2 1 3, 1 251, many ready"
	namelessTable = networksHead +
		"- 1a2b3c4d5e6f shop0 192.168.0.0/24, fd00::/64 2 1 3, 1 251, many ready\n" +
		"- 2a2b3c4d5e6f mb-back 10.0.0.0/24 0 0 - - deleting"
	endpointsTable = "CONTAINER ENDPOINT NETWORK ADDRESSES MAC LINK PORTS PHASE\n" +
		"db 3a1b2c3d4e5f shop 192.168.0.3/24 02:00:00:00:00:03 mbvdb 0 ready\n" +
		"web 0a1b2c3d4e5f shop 192.168.0.2/24, fd00::2/64 02:00:00:00:00:02 mbvweb 1 ready"
	statusHead = "plugin mybridge 1.2.3 runs since 2026-05-04 03:02:01, process 7\nrules nftables\nlast call 2026-05-04 04:02:01\n"
	statusHas  = "has networks: 2, endpoints: 2, published ports: 1\n\n"
)

// TestStatus wants the same networks told whoever does not answer, that said, and the
// exit code 1 where it is the plugin.
func TestStatus(t *testing.T) {
	fresh := &fakeProgram{now: status.Status{Plugin: &status.Plugin{
		Version: "1.2.3", PID: 7, Since: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Unfinished: 4, Firewall: "iptables",
	}}}
	for name, test := range map[string]struct {
		program        *fakeProgram
		code           int
		stdout, stderr string
	}{
		"running": {running(), 0, statusHead + "engine answers at /run/docker.sock, containers that run: 2\n" + statusHas + networksTable, ""},
		"stopped": {stopped(), 1, "plugin does not run\nengine answers at /run/docker.sock, containers that run: 2\n" + statusHas + networksTable, "mybridge: no plugin is running at /x.sock: shown is what its state holds\n"},
		"mute":    {mute(), 0, statusHead + "engine does not answer: connection refused\n" + statusHas + namelessTable, ""},
		"fresh": {fresh, 0, "plugin mybridge 1.2.3 runs since 2026-05-04 03:02:01, process 7\nrules iptables\nlast call none since the plugin runs\n" +
			"engine answers at /run/docker.sock, containers that run: 0\n" +
			"has networks: 0, endpoints: 0, published ports: 0\ndeletions 4 are not finished yet", ""},
		"busy":     {busy(), 0, statusHead + "engine answers at /run/docker.sock, containers that run: 2\n" + statusHas + networksTable, "a call works on a network\n"},
		"no state": {&fakeProgram{statusErr: errors.New("no plugin is running at /x.sock, and there is no state")}, 1, "", "mybridge: no plugin is running at /x.sock, and there is no state\n"},
		"in doubt": {inDoubt(), 0, statusHead + "engine answers at /run/docker.sock, containers that run: 2\n" + statusHas + networksTable, "pool fd00::/64 gives no dynamic address now: the state was lost\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := test.program.run("status")
			if code != test.code || sameColumns(stdout) != test.stdout || stderr != test.stderr {
				t.Errorf("got exit code %d, stderr %q, stdout:\n%s\nwant %d, %q:\n%s", code, stderr, sameColumns(stdout), test.code, test.stderr, test.stdout)
			}
		})
	}
}

func busy() *fakeProgram {
	p := running()
	p.now.Plugin.Busy = "a call works on a network"
	return p
}

func inDoubt() *fakeProgram {
	p := running()
	p.now.Pools[1].Doubt = "the state was lost"
	return p
}

// TestLists wants what is asked for, by what people have at hand.
func TestLists(t *testing.T) {
	lines := strings.SplitAfter(endpointsTable, "\n")
	for line, want := range map[string]string{
		"network ls":               networksTable,
		"endpoint ls":              endpointsTable,
		"endpoint ls web":          lines[0] + lines[2],
		"endpoint ls c0ffee":       lines[0] + lines[2],
		"endpoint ls 3a1b2c3d4e5f": lines[0] + strings.TrimSpace(lines[1]),
		"network inspect shop": "name shop\nid " + shopID + "\nbridge shop0, 02:00:00:00:00:01\nphase ready\n" +
			"ipv4 192.168.0.0/24, gateway 192.168.0.1, addresses used: 3, free: 251\nipv6 fd00::/64, addresses used: 1, free: many\n" +
			"internal no\nmasquerade yes\nicc yes\nantispoof yes\n\n" + endpointsTable,
		"network inspect mb-back": "name back\nid " + backID + "\nbridge mb-back, 02:00:00:00:00:09, was there before the network\nphase deleting\n" +
			"ipv4 10.0.0.0/24\ninternal yes\nmasquerade no\nicc no\nantispoof yes",
	} {
		code, stdout, stderr := running().run(strings.Fields(line)...)
		if code != 0 || sameColumns(stdout) != want || stderr != "" {
			t.Errorf("%s: got exit code %d, stderr %q, stdout:\n%s\nwant:\n%s", line, code, stderr, sameColumns(stdout), want)
		}
		code, stdout, stderr = stopped().run(strings.Fields(line)...)
		if code != 1 || sameColumns(stdout) != want || !strings.Contains(stderr, "no plugin is running at /x.sock") {
			t.Errorf("%s of a stopped plugin: got exit code %d, stderr %q, stdout:\n%s", line, code, stderr, sameColumns(stdout))
		}
	}
}

// TestListsRefuse wants an error that names what was asked for, and why it is not known.
func TestListsRefuse(t *testing.T) {
	many := running()
	many.now.Networks = append(many.now.Networks, many.now.Networks[0])
	for line, test := range map[string]struct {
		program *fakeProgram
		parts   []string
	}{
		"network inspect none":  {running(), []string{`"none"`, "mybridge network ls"}},
		"network inspect bare":  {stopped(), []string{`"bare"`, "the state has none", "no plugin is running"}},
		"network inspect shop":  {mute(), []string{`"shop"`, "names are not known", "connection refused"}},
		"network inspect 1a2b3": {many, []string{"2 networks"}},
		"endpoint ls none":      {running(), []string{"none is no container that runs, nor an endpoint"}},
		"endpoint ls web":       {mute(), []string{"whether it is a container is not known", "connection refused"}},
	} {
		code, stdout, stderr := test.program.run(strings.Fields(line)...)
		wantRun(t, line, code, stderr, 1, test.parts...)
		if stdout != "" {
			t.Errorf("%s: got %q on stdout, want nothing", line, stdout)
		}
	}
}

// TestViewsJSON checks the keys on which programs rely.
func TestViewsJSON(t *testing.T) {
	const (
		back = `{"id":"2a2b3c4d5e6f7a8b","name":"back","bridge":"mb-back","phase":"deleting","subnets":[{"subnet":"10.0.0.0/24"}],"endpoints":0,"ports":0}`
		shop = `{"id":"1a2b3c4d5e6f7a8b","name":"shop","bridge":"shop0","phase":"ready","subnets":[{"subnet":"192.168.0.0/24","gateway":"192.168.0.1","used":3,"free":251},{"subnet":"fd00::/64","used":1,"free":9007199254740991}],"endpoints":2,"ports":1}`
		web  = `{"container":"web","id":"0a1b2c3d4e5f6a7b","network":"1a2b3c4d5e6f7a8b","networkName":"shop","phase":"ready","addresses":["192.168.0.2/24","fd00::2/64"],"mac":"02:00:00:00:00:02","link":"mbvweb","ports":[{"protocol":"tcp","host":"0.0.0.0:8080","container":"192.168.0.2:80"}]}`
		info = `"plugin":{"version":"1.2.3","pid":7,"since":"2026-05-04T03:02:01Z","firewall":"nftables","lastCall":"2026-05-04T04:02:01Z","unfinished":0},`
		met  = `"engine":{"socket":"/run/docker.sock","containers":2},`
	)
	for line, want := range map[string]string{
		"status --json":               `{` + info + met + `"networks":[` + back + `,` + shop + `]}`,
		"network ls --json":           `[` + back + `,` + shop + `]`,
		"endpoint ls web --json":      `[` + web + `]`,
		"network inspect back --json": strings.TrimSuffix(back, "}") + `,"settings":{"id":"2a2b3c4d5e6f7a8b","masquerade":false,"internal":true,"ipv4":{"pool":"10.0.0.0/24","gateway":"","managed":false,"source":""},"ipv6":{"pool":"","gateway":"","managed":false,"source":""},"noICC":true,"hostBinding":""},"ownsBridge":false,"bridgeMAC":"02:00:00:00:00:09","endpointList":[]}`,
	} {
		if code, stdout, stderr := running().run(strings.Fields(line)...); code != 0 || stdout != want+"\n" || stderr != "" {
			t.Errorf("%s: got exit code %d, %q,\n%swant\n%s", line, code, stderr, stdout, want)
		}
	}
	for line, want := range map[string]string{
		"status --json":      `{"engine":{"socket":"/run/docker.sock","containers":0},"networks":[]}`,
		"network ls --json":  `[]`,
		"endpoint ls --json": `[]`,
	} {
		p := &fakeProgram{now: status.Status{NotRunning: "no plugin is running"}}
		if code, stdout, _ := p.run(strings.Fields(line)...); code != 1 || stdout != want+"\n" {
			t.Errorf("%s of nothing: got exit code %d, %swant %s", line, code, stdout, want)
		}
	}
}

// TestWatch wants a view each second until it is interrupted, which is no failure, also
// while the plugin does not run.
func TestWatch(t *testing.T) {
	for line, test := range map[string]struct {
		program *fakeProgram
		want    string
	}{
		"network ls --watch":        {running(), networksTable},
		"endpoint ls --watch":       {running(), endpointsTable},
		"status --watch":            {stopped(), "shown is what its state holds"},
		"network inspect x --watch": {running(), `"x"`},
		"network ls --watch --json": {running(), `"name":"shop"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			looks := 0
			test.program.onStatus = func() {
				if looks++; looks == 4 {
					interrupt()
				}
			}
			began := time.Now()
			code, stdout, stderr := test.program.runUntil(ctx, strings.Fields(line)...)
			if code != 0 || stderr != "" || time.Since(began) != 3*time.Second {
				t.Errorf("%s: got exit code %d and %q after %s, want 0 and nothing after 3s", line, code, stderr, time.Since(began))
			}
			frames, separator := 3, "\x1b[2J\x1b[H"
			if strings.Contains(line, "--json") {
				separator = "\n"
			}
			if strings.Count(stdout, separator) != frames || strings.Count(sameColumns(stdout), test.want) != frames {
				t.Errorf("%s: got\n%q\nwant %d times %q", line, stdout, frames, test.want)
			}
		})
	}
}
