package firewalltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// patience is for an answer that must come, on a busy machine too.
	patience = 4 * time.Second
	// impatience is for one that must not.
	impatience = 500 * time.Millisecond
	// atOnce is how many questions are asked at the same time. They mostly wait.
	atOnce = 24
)

// result is what came back to a row's question in one family.
type result struct {
	row
	family family
	got    string
	err    error
}

// wantAnswers wants each question to be answered as the table says.
func (w *world) wantAnswers(t *testing.T, phase string, rows []row) {
	t.Helper()
	results := w.askAll(t.Context(), rows, func(r row) time.Duration {
		if r.answer == nobody {
			return impatience
		}
		return patience
	})
	for _, r := range results {
		t.Run(r.name(phase), func(t *testing.T) {
			must(t, r.err)
			if r.got != r.answer {
				t.Errorf("%s asks %s: got %q, want %q", r.from, r.target, r.got, r.answer)
			}
		})
	}
}

// wantArrivals wants each question to be answered, by whomever.
func (w *world) wantArrivals(t *testing.T, phase string, rows []row) {
	t.Helper()
	results := w.askAll(t.Context(), rows, func(row) time.Duration { return patience })
	for _, r := range results {
		t.Run(r.name(phase), func(t *testing.T) {
			must(t, r.err)
			if r.got == nobody {
				t.Errorf("%s asks %s: nobody answers, although nothing forbids it", r.from, r.target)
			}
		})
	}
}

func (r result) name(phase string) string {
	return fmt.Sprintf("%s/%s/%s", phase, r.question, r.family)
}

func (w *world) askAll(ctx context.Context, rows []row, timeout func(row) time.Duration) []result {
	var results []result
	for _, r := range rows {
		results = append(results, result{row: r, family: ipv4}, result{row: r, family: ipv6})
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range results {
		group.Go(func() error {
			r := &results[i]
			r.got, r.err = w.ask(ctx, r.row, r.family, timeout(r.row))
			return nil // each result has its own error
		})
	}
	_ = group.Wait()
	return results
}

// ask returns what answers and whom that sees, nobody after the timeout.
func (w *world) ask(ctx context.Context, r row, f family, timeout time.Duration) (string, error) {
	kind, target, _ := strings.Cut(r.target, " ")
	name, port, _ := strings.Cut(target, ":")
	machine, known := w.machines[r.from]
	addresses, listed := w.addresses[name]
	if !known || !listed {
		return "", fmt.Errorf("asking %s from %s: one of them is not in the world", r.target, r.from)
	}
	destination := addresses[f].String()
	if port != "" {
		destination = net.JoinHostPort(destination, port)
	}
	output, err := machine.Command(ctx, w.probe, subcommands[kind], "-timeout", timeout.String(), destination).Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed && exit.ExitCode() == 1 {
		return nobody, nil // so the probe says that the answer is no
	}
	if err != nil {
		return "", fmt.Errorf("running the probe on %s: %w", r.from, err)
	}
	if kind == "ping" {
		return reply, nil
	}
	return w.readAnswer(string(output))
}

// subcommands are the probe's for each kind of target.
var subcommands = map[string]string{"tcp": "get", "udp": "getudp", "ping": "ping"}

// readAnswer puts the client's name in the place of its address.
func (w *world) readAnswer(line string) (string, error) {
	server, client, _ := strings.Cut(strings.TrimSpace(line), " ")
	seen, err := netip.ParseAddrPort(client)
	if err != nil {
		return "", fmt.Errorf("reading the answer %q: %w", line, err)
	}
	name, known := w.names[seen.Addr()]
	if !known {
		name = seen.Addr().String()
	}
	return server + " sees " + name, nil
}
