package program

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	var rounds int
	parse := func(output io.Writer, arguments ...string) error {
		flags := flag.NewFlagSet("bench", flag.ContinueOnError)
		flags.IntVar(&rounds, "rounds", 5, "how often")
		return Parse(flags, arguments, output)
	}
	if err := parse(io.Discard, "-rounds=3"); err != nil || rounds != 3 {
		t.Errorf("got %d rounds and error %v, want 3", rounds, err)
	}
	for _, arguments := range [][]string{{"fast"}, {"-rounds=3", "fast"}, {"-fast"}} {
		if err := parse(io.Discard, arguments...); err == nil || !strings.Contains(err.Error(), "fast") {
			t.Errorf("%q: got error %v, want one that names it", arguments, err)
		}
	}
	var help bytes.Buffer
	if err := parse(&help, "-h"); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "how often (default 5)") {
		t.Errorf("-h: got error %v and %q, want flag.ErrHelp and what the flags are", err, help.String())
	}
}
