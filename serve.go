package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/doctor"
	"mybridge/internal/engine"
	"mybridge/internal/enginebridge"
	"mybridge/internal/events"
	"mybridge/internal/firewall"
	"mybridge/internal/host"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/metrics"
	"mybridge/internal/orphan"
	"mybridge/internal/protocol"
	"mybridge/internal/repair"
	"mybridge/internal/server"
	"mybridge/internal/status"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// backupInterval is how often the state is copied, where it has changed.
const backupInterval = 5 * time.Minute

// plugin is the parts that serve wires, by the step that makes them.
type plugin struct {
	cli.ServeConfig
	log *logrus.Logger

	// listen
	sockets     []net.Listener
	adminSocket net.Listener
	calls       *metrics.Calls
	happening   *events.Bus
	reporter    *status.Reporter
	services    *protocol.Services
	gate        *server.Gate
	// stopped gets what ends a server.
	stopped chan error

	// open
	state   *store.Store
	loss    store.Loss
	links   *link.Manager
	filter  firewall.Filter
	backend string
	ports   *hostport.Holder

	// restore
	engineBridges enginebridge.Follower
	networks      *driver.Driver
	addresses     *ipam.Manager

	// answer
	repairer    *repair.Repairer
	orphans     *orphan.Finder
	adminServer *http.Server

	// closers are called in reverse, whichever step failed.
	closers []func() error
}

// serve listens first, so that the engine's calls wait instead of failing, then
// restores, then answers until ctx is done.
func serve(ctx context.Context, config cli.ServeConfig) (err error) {
	collectSooner()
	p := &plugin{ServeConfig: config, log: newLog(config)}
	defer func() { err = errors.Join(err, p.close()) }()
	// What was begun is restored to the end, also where a signal arrives.
	restoring := context.WithoutCancel(ctx)
	for _, step := range []func(context.Context) error{p.listen, p.open, p.restore} {
		if err := step(restoring); err != nil {
			return err
		}
	}
	if err := p.answer(ctx); err != nil {
		return err
	}
	return p.run(ctx)
}

func (p *plugin) close() (err error) {
	for _, closer := range slices.Backward(p.closers) {
		err = errors.Join(err, closer())
	}
	return err
}

func (p *plugin) closeLater(closer func() error) { p.closers = append(p.closers, closer) }

// listen has the engine's calls wait for answer.
func (p *plugin) listen(context.Context) (err error) {
	if p.sockets, err = listen(p.PluginSockets()); err != nil {
		return err
	}
	p.closeLater(func() error { return closeSockets(p.sockets...) })
	if p.adminSocket, err = server.Listen(p.AdminSocket); err != nil {
		return err
	}
	p.closeLater(func() error { return closeSockets(p.adminSocket) })

	p.calls, p.happening = metrics.NewCalls(), &events.Bus{}
	p.reporter = &status.Reporter{Version: version, Since: time.Now()}
	p.gate = server.NewGate(p.log, func(call string, took time.Duration, err error) {
		p.calls.Observe(call, took, err)
		p.reporter.Called()
		p.happening.Call(call, err)
	})
	p.services = &protocol.Services{}
	p.stopped = make(chan error, len(p.sockets)+2)
	handler := protocol.NewHandler(p.gate, p.services)
	for _, socket := range p.sockets {
		go func() { p.stopped <- p.gate.Serve(socket, handler) }()
	}
	return nil
}

// open opens what holds the state, and what changes the host.
func (p *plugin) open(ctx context.Context) (err error) {
	if p.state, p.loss, err = store.OpenOrRecover(p.StateDir); err != nil {
		return err
	}
	p.closeLater(p.state.Close)
	logLoss(p.log, p.loss)
	if p.links, err = link.Open(p.Name, p.log); err != nil {
		return err
	}
	p.closeLater(func() error { p.links.Close(); return nil })
	if p.filter, p.backend, err = openFilter(p.ServeConfig, p.log); err != nil {
		return err
	}
	p.ports = hostport.NewHolder(p.log)
	p.closeLater(func() error { p.ports.Close(); return nil })
	return nil
}

// restore makes the host what the state says.
func (p *plugin) restore(ctx context.Context) (err error) {
	p.engineBridges = followEngineBridges(p.links, p, p.log)
	bridges, err := p.engineBridges.Find(ctx)
	if err != nil {
		return err
	}
	p.keepRun(ctx, bridges)
	p.networks, err = driver.Open(ctx, driver.Config{
		State:         p.state,
		Links:         p.links,
		Firewall:      p.filter,
		Ports:         p.ports,
		Log:           p.log,
		Observe:       p.happening.Driver,
		DirectRouting: p.AllowDirectRouting,
		EngineBridges: bridges,
	})
	if err != nil {
		return err
	}
	p.addresses, err = ipam.Open(ctx, ipam.Config{
		State:        p.state,
		Host:         p.links,
		Networks:     p.networks,
		Log:          p.log,
		HostID:       host.ID(),
		Doubt:        doubt(p.loss, p.networks.Recovered()),
		ReuseDelay:   p.ReuseDelay,
		AddressPools: p.AddressPools,
	})
	return err
}

// answer lets the calls in, and answers who asks about the plugin.
func (p *plugin) answer(ctx context.Context) error {
	p.repairer = repair.New(p.log, p.happening.Repair,
		repair.Part{Mender: p.networks, Watch: p.links.Watch}, repair.Part{Mender: p.filter, Watch: p.filter.Watch})
	numbers := metrics.NewHandler(metrics.Parts{
		Version:   version,
		Networks:  p.networks,
		Links:     p.links,
		Rules:     p.filter,
		Ports:     p.ports,
		Addresses: p.addresses,
		Repairs:   p.repairer,
	}, p.calls, p.log)
	if p.MetricsAddress != "" {
		if err := p.serveMetrics(ctx, numbers); err != nil {
			return err
		}
	}
	p.services.Networks, p.services.Addresses = p.networks, p.addresses
	p.gate.Open()

	p.orphans = newOrphans(p.Name, p.networks, p.addresses, p.links, p.state, p.log)
	examiner := doctor.Doctor{
		Engine: askingEngine(p.orphans, p.EngineSocket, true),
		Parts:  []doctor.Part{p.networks, p.filter, doctor.Addresses{Manager: p.addresses, Networks: p.networks}},
	}
	p.reporter.Firewall, p.reporter.Networks, p.reporter.State, p.reporter.Addresses = p.backend, p.networks, p.state, p.addresses
	p.adminServer = &http.Server{ReadHeaderTimeout: time.Minute, Handler: admin.NewHandler(admin.Parts{
		Addresses: p.addresses, Ports: p.networks, Doctor: examiner, Status: p.reporter, Events: p.happening, Numbers: numbers,
	})}
	p.adminServer.RegisterOnShutdown(p.happening.Close)
	go func() { p.stopped <- p.adminServer.Serve(p.adminSocket) }()
	p.log.WithFields(logrus.Fields{"version": version, "socket": p.PluginSocket(), "firewall": p.backend}).Info("mybridge is ready")
	tellReady(p.log)
	return nil
}

// serveMetrics tells the numbers at a TCP address.
func (p *plugin) serveMetrics(ctx context.Context, numbers http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", p.MetricsAddress)
	if err != nil {
		return fmt.Errorf("listening for metrics: %w", err)
	}
	metricsServer := &http.Server{Handler: numbers, ReadTimeout: time.Minute, IdleTimeout: 5 * time.Minute}
	go func() { p.stopped <- metricsServer.Serve(listener) }()
	// Who asks meanwhile asks again.
	p.closeLater(func() error { _ = metricsServer.Close(); return nil })
	return nil
}

// run does what goes on beside the calls, until ctx is done, the state fails or a
// server ends.
func (p *plugin) run(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	if p.addresses.Doubt != "" {
		working.Go(func() {
			engine.NewClient(p.EngineSocket).Teach(background, p.Name, p.addresses.Learn, p.log)
		})
	}
	working.Go(func() {
		p.state.KeepBackup(background, backupInterval, func(err error) { p.log.WithError(err).Error("backup failed") })
	})
	working.Go(func() { p.engineBridges.Follow(background) })
	working.Go(func() { p.orphans.Run(background, engine.NewClient(p.EngineSocket)) })
	working.Go(func() { p.repairer.Run(background) })
	working.Go(func() { p.networks.Reap(background) })

	select {
	case err := <-p.stopped:
		return fmt.Errorf("serving: %w", err)
	case <-p.state.Failed():
		return p.state.Err()
	case <-ctx.Done():
	}
	p.log.Info("stopping; bridges, links and rules stay")
	for _, socket := range p.sockets {
		_ = socket.Close() // closed again, and checked, by close
	}
	p.gate.Drain()
	return p.adminServer.Shutdown(context.WithoutCancel(ctx))
}
