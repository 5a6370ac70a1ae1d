package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestLifetime wants all that was to be done at the end done, the last first, however
// the end came.
func TestLifetime(t *testing.T) {
	broken := errors.New("broken")
	for name, end := range map[string]func(l *lifetime) error{
		"returned": func(*lifetime) error { return broken },
		"fatal":    func(l *lifetime) error { l.Fatal(broken); return nil },
		"fatalf":   func(l *lifetime) error { l.Fatalf("%w", broken); return nil },
		"error":    func(l *lifetime) error { l.Error(broken); return nil },
		"errorf":   func(l *lifetime) error { l.Errorf("%w", broken); return nil },
		"none":     func(*lifetime) error { return nil },
	} {
		var order []string
		var directory string
		err := during(io.Discard, func(l *lifetime) error {
			directory = l.TempDir()
			l.Cleanup(func() { order = append(order, "first") })
			l.Cleanup(func() { order = append(order, "second") })
			return end(l)
		})
		if want := name != "none"; (err != nil) != want || want && !strings.Contains(err.Error(), "broken") {
			t.Errorf("%s: got error %v, want one: %t", name, err, want)
		}
		if got := strings.Join(order, " "); got != "second first" {
			t.Errorf("%s: at the end came %q, want second first", name, got)
		}
		if _, err := os.Stat(directory); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the directory is there after the end: %v", name, err)
		}
	}
}
