package doctor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"mybridge/internal/engine"
	"mybridge/internal/health"
)

// part has findings, of which those with a fix go when they are mended.
type part struct {
	findings []health.Finding
	failure  error
	mended   bool
}

func (p *part) Check(context.Context) ([]health.Finding, error) { return p.findings, p.failure }

func (p *part) Mend(context.Context) ([]health.Finding, error) {
	found := p.findings
	p.findings, p.mended = nil, true
	for _, f := range found {
		if f.Fix == "" {
			p.findings = append(p.findings, f)
		}
	}
	return found, p.failure
}

var (
	bridgeGone = health.Finding{Part: health.Links, Subject: "bridge mb-1", Problem: "is gone", Meaning: "nobody is reached", Fix: "make it"}
	linkGone   = health.Finding{Part: health.Links, Subject: "link mbv1", Problem: "is gone", Meaning: "its container reaches nobody"}
	orphaned   = health.Finding{Part: health.Engine, Subject: "network n1", Problem: "is not known to the engine", Fix: "remove it"}
	errProgram = errors.New("no iptables")
)

func doctorOf(asked *part, parts ...Part) Doctor {
	return Doctor{Engine: func(string) Part { return asked }, Parts: parts}
}

// TestExamine wants a check to change nothing, and a repair to tell what it mended
// and what it could not.
func TestExamine(t *testing.T) {
	asked, links := &part{findings: []health.Finding{orphaned}}, &part{findings: []health.Finding{linkGone, bridgeGone}}
	d := doctorOf(asked, links)
	open := func(f health.Finding) Finding { return Finding{Finding: f} }
	fixed := func(f health.Finding) Finding { return Finding{f, true} }
	wantReport(t, "check", d.Examine(t.Context(), Request{}), 3, Report{Findings: []Finding{open(orphaned), open(bridgeGone), open(linkGone)}})
	if asked.mended || links.mended {
		t.Error("a check has mended")
	}
	wantReport(t, "fix", d.Examine(t.Context(), Request{Fix: true}), 1, Report{Findings: []Finding{fixed(orphaned), fixed(bridgeGone), open(linkGone)}})
	wantReport(t, "check again", d.Examine(t.Context(), Request{}), 1, Report{Findings: []Finding{open(linkGone)}})
}

// TestFailures wants what one part cannot tell to be told, and the others examined;
// an engine that is not there counts where somebody named it.
func TestFailures(t *testing.T) {
	unreached := fmt.Errorf("%w: no such file", engine.ErrNotReached)
	d := doctorOf(&part{failure: unreached}, &part{failure: errProgram}, &part{findings: []health.Finding{linkGone}})
	findings := []Finding{{Finding: linkGone}}
	for _, fix := range []bool{false, true} {
		wantReport(t, "usual engine", d.Examine(t.Context(), Request{Fix: fix}), 1,
			Report{Findings: findings, Unknown: []string{"no iptables"}, NotAsked: unreached.Error()})
		wantReport(t, "named engine", d.Examine(t.Context(), Request{Fix: fix, EngineSocket: "/run/x"}), 1,
			Report{Findings: findings, Unknown: []string{unreached.Error(), "no iptables"}})
	}
}

func wantReport(t *testing.T, what string, got Report, open int, want Report) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v\nwant %+v", what, got, want)
	}
	if got.Open() != open {
		t.Errorf("%s: %d are open, want %d", what, got.Open(), open)
	}
}
