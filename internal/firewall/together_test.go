package firewall

import (
	"context"
	"errors"
	"testing"

	"mybridge/internal/health"
)

// part is a filter that is only checked and mended.
type part struct {
	Filter
	findings []health.Finding
	failure  error
}

func (p part) Check(context.Context) ([]health.Finding, error) { return p.findings, p.failure }
func (p part) Mend(context.Context) ([]health.Finding, error)  { return p.findings, p.failure }

// TestTogetherFindsAll wants what both find, also where one of them fails.
func TestTogetherFindsAll(t *testing.T) {
	failure := errors.New("no netlink")
	first := part{findings: []health.Finding{{Subject: "chain", Problem: "is gone"}}, failure: failure}
	second := part{findings: []health.Finding{{Subject: "table", Problem: "is gone"}}}
	both := Together(first, second)
	for name, examine := range map[string]func(context.Context) ([]health.Finding, error){"check": both.Check, "mend": both.Mend} {
		findings, err := examine(t.Context())
		if len(findings) != 2 || findings[0].Subject != "chain" || findings[1].Subject != "table" {
			t.Errorf("%s finds %v, want the chain and the table", name, findings)
		}
		if !errors.Is(err, failure) {
			t.Errorf("%s fails with %v, want that of the first", name, err)
		}
	}
}
