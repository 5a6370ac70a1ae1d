// Package doctor compares what should be with what is, in all parts, and puts it into
// one report. What it touches is the parts' own.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"mybridge/internal/engine"
	"mybridge/internal/health"
)

// Part can be examined.
type Part interface {
	// Check says what is wrong, and changes nothing.
	Check(ctx context.Context) ([]health.Finding, error)
	// Mend is Check, and makes right what has a Fix.
	Mend(ctx context.Context) ([]health.Finding, error)
}

// Request is what a person wants to know.
type Request struct {
	// EngineSocket is that of the engine to be asked, empty for the usual one. An
	// engine that is named is one that has to answer.
	EngineSocket string
	// Fix mends what can be mended.
	Fix bool
}

// Finding is a finding, fixed or not.
type Finding struct {
	health.Finding
	// Fixed is true where it is there no more.
	Fixed bool `json:"fixed,omitempty"`
}

// Report is what an examination has found.
type Report struct {
	// Findings are in the order of their parts, those that are fixed first.
	Findings []Finding `json:"findings"`
	// Unknown says of parts why they could not be examined.
	Unknown []string `json:"unknown,omitempty"`
	// NotAsked says why the engine was not asked, empty where it was.
	NotAsked string `json:"notAsked,omitempty"`
}

// Doctor examines a plugin that runs, or what one that does not run has left.
type Doctor struct {
	// Engine is the part that asks the engine on that socket, the usual one where
	// it is empty. It comes first: what is removed needs no mending.
	Engine func(socket string) Part
	// Parts are the others, in the order in which they depend on each other.
	Parts []Part
}

// Examine examines all parts. What one cannot tell, the others do.
func (d Doctor) Examine(ctx context.Context, request Request) Report {
	parts := append([]Part{d.Engine(request.EngineSocket)}, d.Parts...)
	if !request.Fix {
		return newReport(request, nil, check(ctx, parts))
	}
	mended := mend(ctx, parts)
	return newReport(request, &mended, check(ctx, parts))
}

// collection is what all parts have found, and what they could not.
type collection struct {
	findings []health.Finding
	failures []error
}

// check looks at all parts at once.
func check(ctx context.Context, parts []Part) collection {
	found, failed := make([][]health.Finding, len(parts)), make([]error, len(parts))
	var looking sync.WaitGroup
	for i, part := range parts {
		looking.Go(func() { found[i], failed[i] = part.Check(ctx) })
	}
	looking.Wait()
	var c collection
	for i := range parts {
		c.add(found[i], failed[i])
	}
	return c
}

// mend mends one part after the other.
func mend(ctx context.Context, parts []Part) collection {
	var c collection
	for _, part := range parts {
		c.add(part.Mend(ctx))
	}
	return c
}

func (c *collection) add(findings []health.Finding, err error) {
	slices.SortFunc(findings, func(a, b health.Finding) int {
		return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Problem, b.Problem))
	})
	c.findings = append(c.findings, findings...)
	if err != nil {
		c.failures = append(c.failures, err)
	}
}

// newReport is about what is there; what was mended, and is there no more, is fixed.
func newReport(request Request, mended *collection, now collection) Report {
	var r Report
	failures := now.failures
	if mended != nil {
		for _, f := range mended.findings {
			isThere := func(other health.Finding) bool { return other.String() == f.String() }
			if !slices.ContainsFunc(now.findings, isThere) {
				r.Findings = append(r.Findings, Finding{f, true})
			}
		}
		failures = append(mended.failures, failures...)
	}
	for _, f := range now.findings {
		r.Findings = append(r.Findings, Finding{Finding: f})
	}
	for _, failure := range failures {
		r.addFailure(request, failure)
	}
	return r
}

func (r *Report) addFailure(request Request, failure error) {
	if errors.Is(failure, engine.ErrNotReached) && request.EngineSocket == "" {
		r.NotAsked = failure.Error()
		return
	}
	// The second look fails as the first one did.
	if text := failure.Error(); !slices.Contains(r.Unknown, text) {
		r.Unknown = append(r.Unknown, text)
	}
}

// Open is how many findings are not fixed.
func (r Report) Open() int {
	open := 0
	for _, f := range r.Findings {
		if !f.Fixed {
			open++
		}
	}
	return open
}
