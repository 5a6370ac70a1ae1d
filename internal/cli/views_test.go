package cli_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/ipam"
)

var (
	at    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	shop  = netip.MustParsePrefix("192.168.0.0/24")
	wide  = netip.MustParsePrefix("2001:db8::/64")
	alone = netip.MustParsePrefix("192.0.2.7/32")
)

func shopView() ipam.PoolView {
	return ipam.PoolView{
		ID: "mybridge-local/192.168.0.0/24", Subnet: shop, Network: "1a2b3c4d5e6f (bridge shop0)", Range: netip.MustParsePrefix("192.168.0.128/25"),
		Since: at, Used: 12, Free: 115, Resting: 2, Reserved: 1,
	}
}

func viewed() *fakeProgram {
	return &fakeProgram{
		pools: []ipam.PoolView{
			{Subnet: alone, Reserved: 1}, shopView(),
			{ID: "mybridge-local/2001:db8::/64", Subnet: wide, Range: wide, Since: at, Used: 1, Free: ipam.MostFree, Doubt: "the state was lost"},
		},
		details: ipam.PoolDetails{PoolView: shopView(), Addresses: []ipam.AddressView{
			{Address: netip.MustParseAddr("192.168.0.1"), State: ipam.Held, Kind: "gateway", Since: at},
			{Address: netip.MustParseAddr("192.168.0.128"), State: ipam.Held, Kind: "dynamic", Reserved: true, Endpoint: "endpoint 0a1b2c of network 1a2b3c", Name: "web", Since: at},
			{Address: netip.MustParseAddr("192.168.0.129"), State: ipam.Resting, Kind: "requested", Asked: true, Name: "db", Since: at, RestsUntil: at.Add(time.Minute)},
			{Address: netip.MustParseAddr("192.168.0.130"), State: ipam.Reserved, Reserved: true, Name: "printer", Since: at},
		}},
		explanation: ipam.Explanation{Address: netip.MustParseAddr("192.168.0.129"), Pool: shop, State: ipam.Resting, Given: true, Reason: "It rests."},
		found: []ipam.Finding{
			{Kind: ipam.InUseWithoutLease, Difference: true, Pool: shop, Address: netip.MustParseAddr("192.168.0.7"), Who: "endpoint 0a1b2c on link mb-0a1b2c"},
			{Kind: ipam.LeasedWithoutLink, Difference: true, Pool: shop, Address: netip.MustParseAddr("192.168.0.8"), Who: "web", Since: at},
			{Kind: ipam.GatewayWithoutBridge, Pool: shop, Address: netip.MustParseAddr("192.168.0.1"), Since: at},
			{Kind: ipam.RequestedWithoutLink, Pool: shop, Address: netip.MustParseAddr("192.168.0.9"), Since: at},
			{Kind: ipam.PoolWithoutNetwork, Pool: wide, Since: at, Leases: 4},
		},
	}
}

// TestTables checks what people see.
func TestTables(t *testing.T) {
	for _, test := range []struct {
		line, stdout, stderr string
		code                 int
	}{
		{"ipam ls", `
SUBNET           NETWORK                       RANGE              USED   FREE   RESTING   RESERVED
192.0.2.7/32     -                             -                  0      -      0         1
192.168.0.0/24   1a2b3c4d5e6f (bridge shop0)   192.168.0.128/25   12     115    2         1
2001:db8::/64    -                             2001:db8::/64      1      many   0         0
`, "pool 2001:db8::/64 gives no dynamic address now: the state was lost\n", 0},
		{"ipam show 192.168.0.0/24", `
ADDRESS         STATE            KIND        ENDPOINT                            NAME      SINCE
192.168.0.1     held             gateway     -                                   -         2026-01-02 03:04:05
192.168.0.128   held, reserved   dynamic     endpoint 0a1b2c of network 1a2b3c   web       2026-01-02 03:04:05
192.168.0.129   resting          requested   -                                   db        2026-01-02 03:04:05
192.168.0.130   reserved         -           -                                   printer   2026-01-02 03:04:05
`, "", 0},
		{"ipam explain 192.168.0.129", `
192.168.0.129 of pool 192.168.0.0/24: resting
It rests.
`, "", 0},
		{"ipam check", `
LEVEL         POOL             ADDRESS       FINDING                                             WHO                                 SINCE
difference    192.168.0.0/24   192.168.0.7   in use without a lease                              endpoint 0a1b2c on link mb-0a1b2c   -
difference    192.168.0.0/24   192.168.0.8   leased, on no link                                  web                                 2026-01-02 03:04:05
information   192.168.0.0/24   192.168.0.1   gateway, on no bridge of this driver                -                                   2026-01-02 03:04:05
information   192.168.0.0/24   192.168.0.9   requested, on no link                               -                                   2026-01-02 03:04:05
information   2001:db8::/64    -             no network of this driver has the pool, leases: 4   -                                   2026-01-02 03:04:05
`, "mybridge: differences between leases and links: 2\n", 1},
	} {
		p := viewed()
		code, stdout, stderr := p.run(strings.Fields(test.line)...)
		if want := test.stdout[1:]; code != test.code || stdout != want || stderr != test.stderr {
			t.Errorf("%s: got exit code %d, stderr %q, want %d, %q; stdout:\n%swant:\n%s", test.line, code, stderr, test.code, test.stderr, stdout, want)
		}
		if p.closed != 1 {
			t.Errorf("%s: the address manager was closed %d times, want once", test.line, p.closed)
		}
	}
}

func TestTablesOfNothing(t *testing.T) {
	for line, want := range map[string]string{
		"ipam ls":           "SUBNET   NETWORK   RANGE   USED   FREE   RESTING   RESERVED\n",
		"ipam ls --json":    "[]\n",
		"ipam check":        "leases and links agree\n",
		"ipam check --json": "[]\n",
	} {
		if code, stdout, stderr := (&fakeProgram{}).run(strings.Fields(line)...); code != 0 || stdout != want || stderr != "" {
			t.Errorf("%s: got exit code %d, stdout %q, stderr %q, want 0 and %q", line, code, stdout, stderr, want)
		}
	}
}

// TestJSON checks the keys on which programs rely.
func TestJSON(t *testing.T) {
	for line, want := range map[string]string{
		"ipam ls --json": `[{"id":"","subnet":"192.0.2.7/32","network":"","range":"","used":0,"free":0,"resting":0,"reserved":1},
			{"id":"mybridge-local/192.168.0.0/24","subnet":"192.168.0.0/24","network":"1a2b3c4d5e6f (bridge shop0)","range":"192.168.0.128/25","since":"2026-01-02T03:04:05Z","used":12,"free":115,"resting":2,"reserved":1},
			{"id":"mybridge-local/2001:db8::/64","subnet":"2001:db8::/64","network":"","range":"2001:db8::/64","since":"2026-01-02T03:04:05Z","used":1,"free":9007199254740991,"resting":0,"reserved":0,"doubt":"the state was lost"}]`,
		"ipam show 192.168.0.0/24 --json": `{"id":"mybridge-local/192.168.0.0/24","subnet":"192.168.0.0/24","network":"1a2b3c4d5e6f (bridge shop0)","range":"192.168.0.128/25","since":"2026-01-02T03:04:05Z","used":12,"free":115,"resting":2,"reserved":1,
			"addresses":[{"address":"192.168.0.1","state":"held","kind":"gateway","since":"2026-01-02T03:04:05Z"},
			{"address":"192.168.0.128","state":"held","kind":"dynamic","reserved":true,"endpoint":"endpoint 0a1b2c of network 1a2b3c","name":"web","since":"2026-01-02T03:04:05Z"},
			{"address":"192.168.0.129","state":"resting","kind":"requested","asked":true,"name":"db","since":"2026-01-02T03:04:05Z","restsUntil":"2026-01-02T03:05:05Z"},
			{"address":"192.168.0.130","state":"reserved","reserved":true,"name":"printer","since":"2026-01-02T03:04:05Z"}]}`,
		"ipam explain 192.168.0.129 --json": `{"address":"192.168.0.129","pool":"192.168.0.0/24","state":"resting","given":true,"reason":"It rests."}`,
		"ipam check --json": `[{"kind":"inUseWithoutLease","difference":true,"pool":"192.168.0.0/24","address":"192.168.0.7","who":"endpoint 0a1b2c on link mb-0a1b2c"},
			{"kind":"leasedWithoutLink","difference":true,"pool":"192.168.0.0/24","address":"192.168.0.8","who":"web","since":"2026-01-02T03:04:05Z"},
			{"kind":"gatewayWithoutBridge","difference":false,"pool":"192.168.0.0/24","address":"192.168.0.1","who":"","since":"2026-01-02T03:04:05Z"},
			{"kind":"requestedWithoutLink","difference":false,"pool":"192.168.0.0/24","address":"192.168.0.9","who":"","since":"2026-01-02T03:04:05Z"},
			{"kind":"poolWithoutNetwork","difference":false,"pool":"2001:db8::/64","address":"","who":"","since":"2026-01-02T03:04:05Z","leases":4}]`,
	} {
		_, stdout, _ := viewed().run(strings.Fields(line)...)
		want = strings.ReplaceAll(want, "\n\t\t\t", "") + "\n"
		if stdout != want || !json.Valid([]byte(stdout)) {
			t.Errorf("%s:\n got %swant %s", line, stdout, want)
		}
	}
}

// TestSteer checks what is asked for, and that success says nothing.
func TestSteer(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"show", "192.168.0.0/24"}, "show 192.168.0.0/24"},
		{[]string{"show", "mybridge-local/2001:db8::/64"}, "show 2001:db8::/64"},
		{[]string{"show", "192.168.0.7"}, "show 192.168.0.7/32"},
		{[]string{"explain", "2001:db8::7"}, "explain 2001:db8::7"},
		{[]string{"reserve", "192.168.0.7"}, `reserve 192.168.0.7 ""`},
		{[]string{"reserve", "2001:db8::7", "--name", "printer in the office"}, `reserve 2001:db8::7 "printer in the office"`},
		{[]string{"release", "192.168.0.7"}, "release 192.168.0.7 false"},
		{[]string{"release", "2001:db8::7", "--force"}, "release 2001:db8::7 true"},
	} {
		p := &fakeProgram{}
		code, stdout, stderr := p.run(append([]string{"ipam"}, test.arguments...)...)
		if code != 0 || stderr != "" || !slices.Equal(p.asked, []string{test.want}) || p.closed != 1 {
			t.Errorf("%v: got exit code %d, stderr %q, asked %q, closed %d times, want 0, %q and once", test.arguments, code, stderr, p.asked, p.closed, test.want)
		}
		if changes := test.arguments[0] == "reserve" || test.arguments[0] == "release"; changes && stdout != "" {
			t.Errorf("%v: got %q on stdout, want nothing", test.arguments, stdout)
		}
	}
}

// TestReservationNames checks that a name that cannot be shown opens nothing.
func TestReservationNames(t *testing.T) {
	for name, part := range map[string]string{"a\nb": "cannot be printed", strings.Repeat("x", 256): "allowed is 255"} {
		p := &fakeProgram{}
		code, _, stderr := p.run("ipam", "reserve", "10.0.0.7", "--name", name)
		wantRun(t, "reserve", code, stderr, 2, "--name", part)
		if len(p.targets) > 0 {
			t.Error("the address manager was opened")
		}
	}
}

// TestCheckExitCodes checks that information alone is no difference, and that
// what cannot be told is neither.
func TestCheckExitCodes(t *testing.T) {
	information := &fakeProgram{found: []ipam.Finding{{Kind: ipam.PoolWithoutNetwork, Pool: wide}}}
	if code, stdout, stderr := information.run("ipam", "check"); code != 0 || !strings.Contains(stdout, "information") || stderr != "" {
		t.Errorf("information: got exit code %d, stdout %q, stderr %q, want 0 and the table", code, stdout, stderr)
	}
	for name, p := range map[string]*fakeProgram{
		"netlink":   {err: errFake},
		"no plugin": {openErr: errFake},
		"close":     {closeErr: errFake},
	} {
		code, _, stderr := p.run("ipam", "check", "--json")
		wantRun(t, name, code, stderr, 2, errFake.Error())
		if strings.Contains(stderr, "--help") {
			t.Errorf("%s: got %q, want the error alone", name, stderr)
		}
	}
}
