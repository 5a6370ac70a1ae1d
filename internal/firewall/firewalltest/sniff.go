package firewalltest

import (
	"context"
	"testing"

	"mybridge/test/kernel"
)

// sniff returns the labels of the frames that a machine sees while send runs,
// which sends one with the label last at the end: what is not there by then, is
// lost.
func (w *world) sniff(t *testing.T, m *kernel.Machine, send func(last string)) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const last = "last"
	frames := m.Spawn(ctx, t, "sniffing", w.probe, "sniff")
	send(last)
	var seen []string
	for frames.Scan() {
		if frames.Text() == last {
			return seen
		}
		seen = append(seen, frames.Text())
	}
	t.Errorf("%s does not see what it should, after %q", m.Name, seen)
	return seen
}
