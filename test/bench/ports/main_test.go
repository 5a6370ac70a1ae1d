package main

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"

	"mybridge/test/bench/figures"
	"mybridge/test/bench/traffic"
	"mybridge/test/kernel"
)

// TestShortestRun runs the program once over and checks what it prints. What it
// measures is not judged: too little was done.
func TestShortestRun(t *testing.T) {
	if os.Geteuid() != 0 {
		kernel.Skip(t, "a network namespace needs root")
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-rounds=1", "-ports=3", "-duration=5ms"}, &out, io.Discard)
	if err != nil && !strings.Contains(err.Error(), "the ratio is") {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) < 1+len(ways) || !strings.Contains(lines[0], "3 PORTS") {
		t.Fatalf("got the table\n%s\nwant a header and %d rows", out.String(), len(ways))
	}
	for i, w := range ways {
		if line := lines[1+i]; !strings.HasPrefix(line, w.name+"  ") || strings.Contains(line, "  0  ") {
			t.Errorf("row %d is %q, want connections by %s", i, line, w.name)
		}
	}
	wantMet := map[bool]string{true: "yes", false: "NO"}[err == nil]
	if !strings.HasSuffix(lines[1], "  "+wantMet) {
		t.Errorf("row 0 is %q and the program ends with %v, want the same answer", lines[1], err)
	}
}

// TestOnlyThePublishedPort wants a run to fail where the port leads nowhere, so
// that no figure is of refused connections.
func TestOnlyThePublishedPort(t *testing.T) {
	if os.Geteuid() != 0 {
		kernel.Skip(t, "a network namespace needs root")
	}
	for _, w := range ways {
		made, err := newWorld(t.Context(), w, 2)
		if err != nil {
			t.Fatal(err)
		}
		for port, want := range map[uint16]bool{firstPort: true, firstPort + 1: true, firstPort + 2: false} {
			made.target = netip.AddrPortFrom(made.target.Addr(), port)
			err := made.neighbour.Do(func() error { return traffic.Connect(made.target) })
			if (err == nil) != want {
				t.Errorf("%s: connecting to %s: %v, want the container reached: %t", w.name, made.target, err, want)
			}
		}
		if err := made.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		least float64
		many  figures.Rounds
		want  bool
	}{
		{0.9, figures.Rounds{90, 95, 10}, true},
		{0.9, figures.Rounds{89, 95, 10}, false},
		{0, figures.Rounds{1, 1, 1}, true},
	} {
		r := &row{way: way{name: "some", least: test.least}, rates: [2]figures.Rounds{{100, 100, 100}, test.many}}
		if err := judge([]*row{r}); (err == nil) != test.want {
			t.Errorf("%v of 100 with goal %g: got %v, want it met: %t", test.many, test.least, err, test.want)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, test := range []struct{ argument, part string }{
		{"fast", `"fast"`},
		{"-rounds=0", "-rounds is 0: allowed is 1 or more"},
		{"-ports=0", "-ports is 0: allowed is 1 to 45536"},
		{"-ports=45537", "-ports is 45537: allowed is 1 to 45536"},
		{"-duration=0s", "-duration is 0s"},
	} {
		err := run(t.Context(), []string{test.argument}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%s: got error %v, want one with %q", test.argument, err, test.part)
		}
	}
}
