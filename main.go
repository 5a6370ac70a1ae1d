// Mybridge is a network driver and address manager for Docker: a libnetwork
// remote plugin in one process. This file wires the packages together.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/link"
	"mybridge/internal/protocol"
	"mybridge/internal/server"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// version is stamped by the Makefile.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM, unix.SIGINT)
	program := cli.Program{Version: version, Serve: serve, OpenAddresses: openAddresses}
	code := cli.Run(ctx, program, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// serve listens first, so that the engine's calls wait instead of failing, then
// restores, then answers until ctx is done.
func serve(ctx context.Context, config cli.ServeConfig) (err error) {
	log := newLog(config)
	if config.Firewall == "nftables" {
		return errors.New("--firewall nftables is not there yet: use auto or iptables")
	}
	pluginSocket, err := server.Listen(config.PluginSocket())
	if err != nil {
		return err
	}
	defer closeSocket(pluginSocket, &err)
	adminSocket, err := server.Listen(config.AdminSocket)
	if err != nil {
		return err
	}
	defer closeSocket(adminSocket, &err)

	gate := server.NewGate(log)
	services := &protocol.Services{}
	stopped := make(chan error, 2)
	go func() { stopped <- protocol.NewHandler(gate, services).Serve(pluginSocket) }()

	state, err := store.Open(config.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	links, err := link.Open(config.Name, log)
	if err != nil {
		return err
	}
	defer links.Close()
	filter, err := iptables.Open(config.Name)
	if err != nil {
		return err
	}
	// What was begun is restored to the end, also where a signal arrives.
	restoring := context.WithoutCancel(ctx)
	networks, err := driver.Open(restoring, state, links, filter, log)
	if err != nil {
		return err
	}
	addresses, err := ipam.Open(restoring, state, links, log)
	if err != nil {
		return err
	}
	services.Networks, services.Addresses = networks, addresses
	gate.Open()
	adminServer := &http.Server{Handler: admin.NewHandler(addresses), ReadHeaderTimeout: time.Minute}
	go func() { stopped <- adminServer.Serve(adminSocket) }()
	log.WithFields(logrus.Fields{"version": version, "socket": config.PluginSocket(), "firewall": "iptables"}).Info("mybridge is ready")

	select {
	case err := <-stopped:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping; bridges, links and rules stay")
	_ = pluginSocket.Close() // closed again, and checked, when serve returns
	gate.Drain()
	return adminServer.Shutdown(context.WithoutCancel(ctx))
}

// closeSocket removes the socket file as well.
func closeSocket(socket net.Listener, err *error) {
	if failure := socket.Close(); failure != nil && !errors.Is(failure, net.ErrClosed) {
		*err = errors.Join(*err, failure)
	}
}

func newLog(config cli.ServeConfig) *logrus.Logger {
	log := logrus.New()
	log.SetLevel(config.LogLevel)
	if config.LogFormat == "json" {
		log.SetFormatter(&logrus.JSONFormatter{})
	} else {
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true})
	}
	return log
}

// openAddresses reaches the running plugin, or where none runs its state.
func openAddresses(ctx context.Context, target cli.Target) (cli.Addresses, error) {
	client, notRunning := admin.Dial(ctx, target.AdminSocket)
	if notRunning == nil {
		return client, nil
	}
	if !errors.Is(notRunning, admin.ErrNotRunning) {
		return nil, notRunning
	}
	if !store.Exists(target.StateDir) {
		return nil, fmt.Errorf("%w, and there is no state in %s", notRunning, target.StateDir)
	}
	state, err := store.Open(target.StateDir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", notRunning, err)
	}
	quiet := logrus.New()
	quiet.SetLevel(logrus.WarnLevel)
	manager, err := ipam.Open(ctx, state, nil, quiet)
	if err != nil {
		return nil, errors.Join(err, state.Close())
	}
	return stoppedAddresses{manager, state}, nil
}

// stoppedAddresses is the address manager of a plugin that does not run. It is
// asked for no pool, so it needs no host.
type stoppedAddresses struct {
	*ipam.Manager
	state *store.Store
}

func (a stoppedAddresses) Dump(context.Context) (ipam.Bitmaps, []netip.Prefix, error) {
	dumped, left := a.Manager.Dump()
	return dumped, left, nil
}

func (a stoppedAddresses) Close() error { return a.state.Close() }
