package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mybridge/test/engine"
)

// TestShortestRun measures some operations once and checks what is printed and
// written. What it measures is not judged: too little was done.
func TestShortestRun(t *testing.T) {
	versions := engine.Versions(t)
	directory := t.TempDir()
	var out bytes.Buffer
	err := run(t.Context(), []string{"-rounds=1", "-engines=" + versions[len(versions)-1],
		"-operations=network,connect,ports-0,ports-1", "-output=" + directory}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(directory, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{
		"network create, the first", "network rm, the first", "network create, beside another", "network rm, beside another",
		"network connect", "network disconnect", "container start, published ports: 0", "container stop, published ports: 1",
	} {
		if got := strings.Count(out.String(), "\n  "+figure+"  "); got != 1 {
			t.Errorf("the table has %d rows %q, want 1", got, figure)
		}
		if got := strings.Count(string(page), "\n| "+figure+", ms | "); got != 1 {
			t.Errorf("the page has %d rows %q, want 1", got, figure)
		}
	}
	if !strings.Contains(out.String(), " of 8 goals met") {
		t.Error("the table does not say how many of 8 goals are met")
	}
	if curves, err := filepath.Glob(directory + "/benchmarks/ports-*.svg"); len(curves) != 1 {
		t.Errorf("the curves are %v, %v, want 1", curves, err)
	}
	if t.Failed() {
		t.Logf("%s\n%s", out.String(), page)
	}
}

func TestWrongArguments(t *testing.T) {
	for _, test := range []struct{ argument, part string }{
		{"fast", `"fast"`},
		{"-rounds=0", "-rounds is 0: allowed is 1 or more"},
		{"-operations=network,fast", `-operations has "fast": allowed are network,connect,ports-0,`},
	} {
		err := run(t.Context(), []string{test.argument}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%s: got error %v, want one with %q", test.argument, err, test.part)
		}
	}
}

func TestUnknownEngine(t *testing.T) {
	versions := strings.Join(engine.Versions(t), ",")
	err := run(t.Context(), []string{"-engines=1.13"}, io.Discard, io.Discard)
	if want := "-engines is 1.13: allowed are " + versions; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
}
