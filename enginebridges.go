package main

import (
	"context"
	"fmt"

	"mybridge/internal/health"
	"mybridge/internal/link"
	"mybridge/internal/store"
)

// SetEngineBridges tells the packet filter, and keeps what it was told: who looks at
// what a stopped plugin has left has to know.
func (p *plugin) SetEngineBridges(ctx context.Context, bridges []link.Name) error {
	if err := p.filter.SetEngineBridges(ctx, bridges); err != nil {
		return err
	}
	p.keepRun(ctx, bridges)
	return nil
}

func (p *plugin) keepRun(ctx context.Context, bridges []link.Name) {
	run := store.Run{Firewall: p.backend, DirectRouting: p.AllowDirectRouting, EngineBridges: append([]link.Name{}, bridges...)}
	if err := p.state.KeepRun(ctx, run); err != nil {
		p.log.WithError(err).Warn("how the plugin runs could not be kept: 'mybridge doctor' needs it where none runs")
	}
}

// newBridges are bridges of the engine's own that came while the plugin did not run.
type newBridges struct {
	names []link.Name
	// follow tells the packet filter of them.
	follow func(ctx context.Context) error
}

// Check says what the next start does about them.
func (b *newBridges) Check(context.Context) ([]health.Finding, error) {
	var findings []health.Finding
	for _, name := range b.names {
		findings = append(findings, health.Finding{
			Part:    health.Rules,
			Subject: fmt.Sprintf("bridge %s of the engine", name),
			Problem: "came while the plugin did not run",
			Meaning: "until the plugin is started, which keeps them apart, containers of its networks may reach those on that bridge",
			Fix:     "keep them apart now",
		})
	}
	return findings, nil
}

// Mend does it.
func (b *newBridges) Mend(ctx context.Context) ([]health.Finding, error) {
	findings, _ := b.Check(ctx)
	if len(findings) == 0 {
		return nil, nil
	}
	err := b.follow(ctx)
	if err == nil {
		b.names = nil
	}
	return findings, err
}
