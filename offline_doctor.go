package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/doctor"
	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// examine has the running plugin examine itself, or where none runs looks at what
// its state says should be there.
func examine(ctx context.Context, target cli.Target, request doctor.Request) (report doctor.Report, err error) {
	client, notRunning := admin.Dial(ctx, target.AdminSocket)
	if notRunning == nil {
		defer func() { err = errors.Join(err, client.Close()) }()
		return client.Examine(ctx, request)
	}
	if !errors.Is(notRunning, admin.ErrNotRunning) {
		return doctor.Report{}, notRunning
	}
	state, err := openState(target, notRunning)
	if err != nil {
		return doctor.Report{}, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	return examineStopped(ctx, target, state, request)
}

// examineStopped opens all parts as the plugin does, but changes nothing by it.
func examineStopped(ctx context.Context, target cli.Target, state *store.Store, request doctor.Request) (doctor.Report, error) {
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel) // what is mended is in the report
	lastRun, err := state.LastRun(ctx)
	if err != nil {
		return doctor.Report{}, err
	}
	links, err := link.Open(target.Name, log)
	if err != nil {
		return doctor.Report{}, err
	}
	defer links.Close()
	filter, _, err := openFilter(cli.ServeConfig{Target: target, Firewall: lastRun.Firewall}, log)
	if err != nil {
		return doctor.Report{}, err
	}
	bridges, err := followEngineBridges(links, filter, log).Find(ctx)
	if err != nil {
		return doctor.Report{}, err
	}
	told := bridges
	if lastRun.EngineBridges != nil {
		told = lastRun.EngineBridges
	}
	ports := hostport.NewHolder(log)
	defer ports.Close()
	networks, rules, err := driver.Load(ctx, driver.Config{
		State:         state,
		Links:         links,
		Firewall:      filter,
		Ports:         ports,
		Log:           log,
		DirectRouting: lastRun.DirectRouting,
		EngineBridges: told,
	})
	if err != nil {
		return doctor.Report{}, err
	}
	if err := filter.Assume(ctx, rules); err != nil {
		return doctor.Report{}, fmt.Errorf("telling the packet filter what the plugin made: %w", err)
	}
	addresses, err := ipam.Open(ctx, ipam.Config{State: state, Host: links, Networks: asKept{networks}, Log: log, ReuseDelay: cli.DefaultReuseDelay})
	if err != nil {
		return doctor.Report{}, err
	}
	came := &newBridges{follow: func(ctx context.Context) error {
		lastRun.EngineBridges = bridges
		return errors.Join(filter.SetEngineBridges(ctx, bridges), state.KeepRun(ctx, lastRun))
	}}
	if len(rules.Networks) > 0 {
		came.names = slices.DeleteFunc(slices.Clone(bridges), func(name link.Name) bool { return slices.Contains(told, name) })
	}
	orphans := newOrphans(target.Name, networks, addresses, links, state, log)
	return doctor.Doctor{
		Engine: askingEngine(orphans, cli.DefaultEngineSocket, false),
		Parts:  []doctor.Part{networks, filter, came, doctor.Addresses{Manager: addresses, Networks: networks}, stopped{}},
	}.Examine(ctx, request), nil
}

// asKept hides from the address manager what networks use: it would lease at once
// what is missing of that.
type asKept struct{ *driver.Driver }

// EachHolding calls nothing.
func (asKept) EachHolding(func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr)) {}

// stopped finds that the plugin does not run.
type stopped struct{}

// Check finds it. Only a person can mend it.
func (s stopped) Check(context.Context) ([]health.Finding, error) {
	return []health.Finding{{
		Part:    health.Ports,
		Subject: "the plugin",
		Problem: "does not run",
		Meaning: "published ports are not held: localhost does not reach them, and no container on a network of it starts; start it with 'mybridge serve'",
	}}, nil
}

// Mend is Check.
func (s stopped) Mend(ctx context.Context) ([]health.Finding, error) { return s.Check(ctx) }
