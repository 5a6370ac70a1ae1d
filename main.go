// Mybridge is a network driver and address manager for Docker: a libnetwork
// remote plugin in one process. This file wires the packages together.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/doctor"
	"mybridge/internal/engine"
	"mybridge/internal/events"
	"mybridge/internal/host"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/metrics"
	"mybridge/internal/protocol"
	"mybridge/internal/repair"
	"mybridge/internal/server"
	"mybridge/internal/status"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// version is stamped by the Makefile.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	program := cli.Program{
		Version:        version,
		DockerPlugin:   cli.IsDockerPlugin(os.Args[0]),
		Serve:          serve,
		OpenAddresses:  openAddresses,
		PublishedPorts: publishedPorts,
		Containers:     containers,
		Examine:        examine,
		Status:         pluginStatus,
		Networks:       engineNetworks,
		Follow:         follow,
	}
	code := cli.Run(ctx, program, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// serve listens first, so that the engine's calls wait instead of failing, then
// restores, then answers until ctx is done.
func serve(ctx context.Context, config cli.ServeConfig) (err error) {
	if os.Getenv("GOGC") == "" {
		// A quarter of Go's own: netlink leaves much garbage, which is not to stay on a host
		// that is there for others.
		debug.SetGCPercent(25)
	}
	log := newLog(config)
	pluginSockets, err := listen(config.PluginSockets())
	if err != nil {
		return err
	}
	defer func() { closeSockets(pluginSockets, &err) }()
	adminSocket, err := server.Listen(config.AdminSocket)
	if err != nil {
		return err
	}
	defer func() { closeSockets([]net.Listener{adminSocket}, &err) }()

	calls := metrics.NewCalls()
	happening := &events.Bus{}
	reporter := &status.Reporter{Version: version, Since: time.Now()}
	gate := server.NewGate(log, func(call string, took time.Duration, err error) {
		calls.Observe(call, took, err)
		reporter.Called()
		happening.Call(call, err)
	})
	services := &protocol.Services{}
	stopped := make(chan error, len(pluginSockets)+2)
	handler := protocol.NewHandler(gate, services)
	for _, socket := range pluginSockets {
		go func() { stopped <- gate.Serve(socket, handler) }()
	}

	state, loss, err := store.OpenOrRecover(config.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	logLoss(log, loss)
	links, err := link.Open(config.Name, log)
	if err != nil {
		return err
	}
	defer links.Close()
	filter, backend, err := openFilter(config, log)
	if err != nil {
		return err
	}
	ports := hostport.NewHolder(log)
	defer ports.Close()
	// What was begun is restored to the end, also where a signal arrives.
	restoring := context.WithoutCancel(ctx)
	if err := state.KeepRun(restoring, store.Run{Firewall: backend, DirectRouting: config.AllowDirectRouting}); err != nil {
		log.WithError(err).Warn("how the plugin runs could not be kept: 'mybridge doctor' needs it where none runs")
	}
	engineBridges := followEngineBridges(links, filter, log)
	bridges, err := engineBridges.Find(restoring)
	if err != nil {
		return err
	}
	networks, err := driver.Open(restoring, driver.Config{
		State:         state,
		Links:         links,
		Firewall:      filter,
		Ports:         ports,
		Log:           log,
		Observe:       happening.Driver,
		DirectRouting: config.AllowDirectRouting,
		EngineBridges: bridges,
	})
	if err != nil {
		return err
	}
	addresses, err := ipam.Open(restoring, ipam.Config{
		State:        state,
		Host:         links,
		Networks:     networks,
		Log:          log,
		HostID:       host.ID(),
		Doubt:        doubt(loss, networks.Recovered()),
		ReuseDelay:   config.ReuseDelay,
		AddressPools: config.AddressPools,
	})
	if err != nil {
		return err
	}
	repairer := repair.New(log, happening.Repair, repair.Part{Mender: networks, Watch: links.Watch}, repair.Part{Mender: filter, Watch: filter.Watch})
	numbers := metrics.NewHandler(metrics.Parts{
		Version:   version,
		Networks:  networks,
		Links:     links,
		Rules:     filter,
		Ports:     ports,
		Addresses: addresses,
		Repairs:   repairer,
	}, calls, log)
	if config.MetricsAddress != "" {
		metricsServer, err := serveMetrics(ctx, config.MetricsAddress, numbers, stopped)
		if err != nil {
			return err
		}
		defer func() { _ = metricsServer.Close() }() // who asks meanwhile asks again
	}
	services.Networks, services.Addresses = networks, addresses
	gate.Open()
	orphans := newOrphans(config.Name, networks, addresses, links, state, log)
	examiner := doctor.Doctor{
		Engine: askingEngine(orphans, config.EngineSocket, true),
		Parts:  []doctor.Part{networks, filter, doctor.Addresses{Manager: addresses}},
	}
	reporter.Firewall, reporter.Networks, reporter.State, reporter.Addresses = backend, networks, state, addresses
	adminHandler := admin.NewHandler(admin.Parts{
		Addresses: addresses, Ports: networks, Doctor: examiner, Status: reporter, Events: happening, Numbers: numbers,
	})
	adminServer := &http.Server{Handler: adminHandler, ReadHeaderTimeout: time.Minute}
	adminServer.RegisterOnShutdown(happening.Close)
	go func() { stopped <- adminServer.Serve(adminSocket) }()
	log.WithFields(logrus.Fields{"version": version, "socket": config.PluginSocket(), "firewall": backend}).Info("mybridge is ready")
	tellReady(log)

	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	if addresses.Doubt != "" {
		working.Go(func() {
			engine.NewClient(config.EngineSocket).Teach(background, config.Name, addresses.Learn, log)
		})
	}
	working.Go(func() {
		state.KeepBackup(background, backupInterval, func(err error) { log.WithError(err).Error("backup failed") })
	})
	working.Go(func() { engineBridges.Follow(background) })
	working.Go(func() { orphans.Run(background, engine.NewClient(config.EngineSocket)) })
	working.Go(func() { repairer.Run(background) })
	working.Go(func() { networks.Reap(background) })
	defer working.Wait()
	defer stopBackground()

	select {
	case err := <-stopped:
		return fmt.Errorf("serving: %w", err)
	case <-state.Failed():
		return state.Err()
	case <-ctx.Done():
	}
	log.Info("stopping; bridges, links and rules stay")
	for _, socket := range pluginSockets {
		_ = socket.Close() // closed again, and checked, when serve returns
	}
	gate.Drain()
	return adminServer.Shutdown(context.WithoutCancel(ctx))
}

// serveMetrics tells the numbers at a TCP address. What ends it goes to stopped.
func serveMetrics(ctx context.Context, address string, numbers http.Handler, stopped chan<- error) (*http.Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for metrics: %w", err)
	}
	metricsServer := &http.Server{Handler: numbers, ReadTimeout: time.Minute, IdleTimeout: 5 * time.Minute}
	go func() { stopped <- metricsServer.Serve(listener) }()
	return metricsServer, nil
}

// backupInterval is how often the state is copied, where it has changed.
const backupInterval = 5 * time.Minute

// logLoss says what was lost, and from where it comes back.
func logLoss(log logrus.FieldLogger, loss store.Loss) {
	if loss.Reason == "" {
		return
	}
	log = log.WithFields(logrus.Fields{"reason": loss.Reason, "aside": loss.Aside})
	if loss.FromBackup {
		log.Error("state was lost: recovering from its backup, the links and the engine")
		return
	}
	log.WithField("backup", loss.WithoutBackup).Error("state was lost: recovering from the links and the engine")
}

// doubt says why leases may be missing, empty where none can. A state that does
// not know links which are there is an old copy, or was deleted.
func doubt(loss store.Loss, recovered int) string {
	switch {
	case loss.Reason != "":
		return "the state was lost: " + loss.Reason
	case recovered > 0:
		return fmt.Sprintf("the state did not know %d networks and endpoints that are there", recovered)
	}
	return ""
}

func newLog(config cli.ServeConfig) *logrus.Logger {
	log := logrus.New()
	if config.ManagedSocket != "" {
		// The engine logs all that a plugin writes to stderr as errors.
		log.SetOutput(os.Stdout)
	}
	log.SetLevel(config.LogLevel)
	if config.LogFormat == "json" {
		log.SetFormatter(&logrus.JSONFormatter{})
	} else {
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true})
	}
	return log
}
