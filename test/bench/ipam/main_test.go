package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain is also the process that the program starts of itself.
func TestMain(m *testing.M) {
	if !openAndReport() {
		os.Exit(m.Run())
	}
}

// wantFigures are what the table tells, each once.
var wantFigures = []string{
	"/24, 50 % full", "/16, 50 % full", "/12, 50 % full", "/8, 50 % full", "slowest of /24 to /8, 50 % full",
	"/24, 99.9 % full", "/16, 99.9 % full", "/12, 99.9 % full", "/8, 99.9 % full", "slowest of /24 to /8, 99.9 % full",
	"floor: 64 bytes and fdatasync, callers: 1",
	"manager and state file, callers: 1", "manager and state file, callers: 32", "manager and state file, callers: 128",
	"whole file, synced, /24, 50 % full, callers: 1",
	"3 pools, 300 leases: until the manager is open", "3 pools, 300 leases: heap",
	"3 pools, 300 leases with names of 12 bytes: until the manager is open", "3 pools, 300 leases with names of 12 bytes: heap",
	"overwritten, /24, 50 % full", "overwritten, /16, 50 % full", "overwritten, /12, 50 % full",
	"overwritten, /24, 99.9 % full", "overwritten, /16, 99.9 % full", "overwritten, /12, 99.9 % full",
	"synced, /24, 50 % full", "synced, /16, 50 % full", "synced, /12, 50 % full",
	"synced, /24, 99.9 % full", "synced, /16, 99.9 % full", "synced, /12, 99.9 % full",
}

// goals is how many of them have one.
const goals = 8

// TestShortestRun runs the program once over and checks what it prints and
// writes. What it measures is not judged: too little was done.
func TestShortestRun(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(t.TempDir(), "table.json")
	var out bytes.Buffer
	err := run(t.Context(), []string{"-rounds=1", "-duration=5ms", "-pools=3", "-leases=300", "-directory=" + directory, "-json=" + path}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	printed := out.String()
	for _, figure := range wantFigures {
		if got := strings.Count(printed, "\n  "+figure+"  "); got != 1 {
			t.Errorf("the table has %d rows %q, want 1", got, figure)
		}
	}
	if got, want := strings.Count(printed, "\n  "), len(wantFigures); got != want {
		t.Errorf("the table has %d rows, want %d", got, want)
	}
	if want := " of 8 goals met"; !strings.Contains(printed, want) {
		t.Errorf("the table does not say %q", want)
	}
	checkJSON(t, path)
	if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, error %v", left, err)
	}
	if t.Failed() {
		t.Log(printed)
	}
}

func checkJSON(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var written struct{ Rows []row }
	if err := json.Unmarshal(content, &written); err != nil {
		t.Fatal(err)
	}
	if got, want := len(written.Rows), len(wantFigures); got != want {
		t.Errorf("the JSON has %d rows, want %d", got, want)
	}
	judged := 0
	for _, r := range written.Rows {
		if r.Median <= 0 || r.Lowest > r.Median || r.Median > r.Highest {
			t.Errorf("%s, %s: got median %g of %g to %g, want one that is more than 0 and between", r.Part, r.Figure, r.Median, r.Lowest, r.Highest)
		}
		if (r.Goal == "") != (r.Met == nil) {
			t.Errorf("%s, %s: got goal %q, met %v, want both or neither", r.Part, r.Figure, r.Goal, r.Met)
		}
		if r.Met != nil {
			judged++
		}
	}
	if judged != goals {
		t.Errorf("the JSON judges %d goals, want %d", judged, goals)
	}
}

func TestWrongArguments(t *testing.T) {
	for _, test := range []struct{ argument, part string }{
		{"fast", `"fast"`},
		{"-rounds=0", "-rounds is 0: allowed is 1 or more"},
		{"-duration=0s", "-duration is 0s"},
		{"-pools=5000", "-pools is 5000: allowed is 1 to 4096"},
		{"-leases=999", "-leases is 999"},
		{"-leases=4095000", "-leases is 4095000"},
	} {
		err := run(t.Context(), []string{test.argument}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%s: got error %v, want one with %q", test.argument, err, test.part)
		}
	}
}

// TestScattered wants each number of a subnet once, and neighbours apart.
func TestScattered(t *testing.T) {
	for _, length := range []int{24, 16, 15} {
		s := subnet{length, 50}
		seen, neighbours := map[uint64]bool{}, 0
		for i := range s.size() {
			n := s.scattered(i)
			seen[n] = n < s.size()
			if i > 0 && n == s.scattered(i-1)+1 {
				neighbours++
			}
		}
		if got := len(seen); uint64(got) != s.size() {
			t.Errorf("/%d: got %d numbers, want all %d", length, got, s.size())
		}
		if neighbours > int(s.size()/64) {
			t.Errorf("/%d: %d of %d numbers follow their neighbour", length, neighbours, s.size())
		}
	}
}
