package outage

import (
	"errors"
	"slices"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
)

// TestNote wants a line when it begins and one when it is over, each time.
func TestNote(t *testing.T) {
	log, hook := test.NewNullLogger()
	full := errors.New("disk is full")
	var o Outage
	for _, err := range []error{nil, full, full, errors.New("no memory"), nil, nil, full} {
		o.Note(log, err, "failing", "over")
	}
	var lines []string
	for _, entry := range hook.AllEntries() {
		line := entry.Level.String() + " " + entry.Message
		if err, failed := entry.Data[logrus.ErrorKey]; failed {
			line += ": " + err.(error).Error()
		}
		lines = append(lines, line)
	}
	if want := []string{"error failing: disk is full", "info over", "error failing: disk is full"}; !slices.Equal(lines, want) {
		t.Errorf("logged is %q, want %q", lines, want)
	}
}
