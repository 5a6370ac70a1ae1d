package ipam_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDumpFormat checks the text of a dump: 255 characters for a /24, host
// number 1 first, the last one for the broadcast address.
func TestDumpFormat(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "192.168.0.0/24")
	if _, err := requestGateway(m, pool.ID, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := requestDynamic(m, pool.ID); err != nil {
			t.Fatal(err)
		}
	}
	dumped, left := m.Dump()
	got, err := json.Marshal(dumped)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"192.168.0.0/24":"111` + strings.Repeat("0", 252) + `"}`; string(got) != want {
		t.Errorf("dump as JSON:\n got %s\nwant %s", got, want)
	}
	if len(left) != 0 {
		t.Errorf("left out are %v, want none", left)
	}
}

// TestDumpPositions checks which character an address has.
func TestDumpPositions(t *testing.T) {
	for _, test := range []struct{ subnet, address, want string }{
		{"192.168.0.0/24", "192.168.0.1", bitsOf(255, 1)},
		{"192.168.0.0/24", "192.168.0.254", bitsOf(255, 254)},
		{"192.168.0.0/30", "192.168.0.2", "010"},
		{"192.168.0.0/31", "192.168.0.1", "1"},
		{"192.168.0.0/31", "192.168.0.0", "0"}, // host number 0 has no character
		{"192.168.0.9/32", "192.168.0.9", ""},
		{"10.16.0.0/12", "10.31.255.254", bitsOf(1<<20-1, 1<<20-2)},
	} {
		m := newManager(t)
		pool := needPool(t, m, test.subnet)
		if _, err := requestExplicit(m, pool.ID, test.address); err != nil {
			t.Fatal(err)
		}
		dumped, _ := m.Dump()
		if got := dumped[pool.Subnet]; got != test.want {
			t.Errorf("dump of %s with %s:\n got %.300s\nwant %.300s", test.subnet, test.address, got, test.want)
		}
	}
}

// TestDumpWithoutLeases checks that a pool that gave nothing is dumped, and
// one that is released is not.
func TestDumpWithoutLeases(t *testing.T) {
	m := newManager(t)
	wantDump(t, m, nil)
	pool := needPool(t, m, "10.1.0.0/29")
	wantDump(t, m, map[string]string{"10.1.0.0/29": "0000000"})
	if err := m.ReleasePool(context.Background(), pool.ID); err != nil {
		t.Fatal(err)
	}
	wantDump(t, m, nil)
}

func TestDumpLeavesOut(t *testing.T) {
	m := newManager(t)
	for _, subnet := range []string{"2001:db8::/64", "11.0.0.0/8", "10.16.0.0/12", "10.32.0.0/11"} {
		needPool(t, m, subnet)
	}
	dumped, left := m.Dump()
	if want := prefixes("10.32.0.0/11", "11.0.0.0/8", "2001:db8::/64"); !slices.Equal(left, want) {
		t.Errorf("left out are %v, want %v", left, want)
	}
	if got, want := slices.Collect(maps.Keys(dumped)), prefixes("10.16.0.0/12"); !slices.Equal(got, want) {
		t.Errorf("dumped are %v, want %v", got, want)
	}
}

// TestLoadThenDump checks that a file comes back as it was, with no pool there.
func TestLoadThenDump(t *testing.T) {
	want := map[string]string{
		"192.168.0.0/24": bitsOf(255, 1, 2, 3, 77, 255), // the broadcast address among them
		"10.1.0.0/30":    "101",
		"10.1.0.0/16":    bitsOf(1<<16-1, 256, 65535),
		"10.2.0.6/31":    "1",
	}
	file, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	load(t, m, string(file))
	wantDump(t, m, want)
	wantDump(t, open(t, state, &fakeHost{}), want) // and after a restart

	dumped, _ := m.Dump()
	again, err := json.Marshal(dumped)
	if err != nil {
		t.Fatal(err)
	}
	second := newManager(t)
	load(t, second, string(again))
	wantDump(t, second, want)
}

// TestTakeover moves what one plugin gave away to another.
func TestTakeover(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/28")
	drainPool(t, m, pool.ID)
	dumped, _ := m.Dump()
	second := newManager(t)
	if err := second.Load(context.Background(), dumped); err != nil {
		t.Fatal(err)
	}
	wantDump(t, second, map[string]string{"10.1.0.0/28": bitsOf(15, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)})
	if got := drainPool(t, second, needPool(t, second, "10.1.0.0/28").ID); len(got) != 0 {
		t.Errorf("the second plugin gives %v, all of which the first gave", got)
	}
}
