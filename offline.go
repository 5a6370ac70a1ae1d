package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/link"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// openAddresses reaches the running plugin, or where none runs its state.
func openAddresses(ctx context.Context, target cli.Target) (cli.Addresses, string, error) {
	client, notRunning := admin.Dial(ctx, target.AdminSocket)
	if notRunning == nil {
		return client, "", nil
	}
	if !errors.Is(notRunning, admin.ErrNotRunning) {
		return nil, "", notRunning
	}
	state, err := openState(target, notRunning)
	if err != nil {
		return nil, "", err
	}
	addresses, err := openStopped(ctx, target.Name, state)
	if err != nil {
		return nil, "", errors.Join(err, state.Close())
	}
	return addresses, notRunning.Error(), nil
}

// openState opens the state of a plugin that does not run.
func openState(target cli.Target, notRunning error) (*store.Store, error) {
	if !store.Exists(target.StateDir) {
		return nil, fmt.Errorf("%w, and there is no state in %s", notRunning, target.StateDir)
	}
	state, err := store.Open(target.StateDir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", notRunning, err)
	}
	return state, nil
}

// publishedPorts asks the running plugin, or where none runs its state.
func publishedPorts(ctx context.Context, target cli.Target) (ports []driver.PublishedPort, notRunning string, err error) {
	client, unreached := admin.Dial(ctx, target.AdminSocket)
	if unreached == nil {
		defer func() { err = errors.Join(err, client.Close()) }()
		ports, err = client.PublishedPorts(ctx)
		return ports, "", err
	}
	if !errors.Is(unreached, admin.ErrNotRunning) {
		return nil, "", unreached
	}
	state, err := openState(target, unreached)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	networks, endpoints, err := state.LoadNetworks(ctx)
	return driver.PublishedPorts(networks, endpoints), unreached.Error(), err
}

// openStopped opens the address manager of a plugin that does not run.
func openStopped(ctx context.Context, name string, state *store.Store) (stoppedAddresses, error) {
	networks, endpoints, err := state.LoadNetworks(ctx)
	if err != nil {
		return stoppedAddresses{}, fmt.Errorf("loading networks: %w", err)
	}
	quiet := logrus.New()
	quiet.SetLevel(logrus.WarnLevel)
	links, err := link.Open(name, quiet)
	if err != nil {
		return stoppedAddresses{}, err
	}
	manager, err := ipam.Open(ctx, ipam.Config{
		State:      state,
		Host:       links,
		Networks:   driver.NewOwners(networks, endpoints),
		Log:        quiet,
		ReuseDelay: cli.DefaultReuseDelay,
	})
	if err != nil {
		links.Close()
		return stoppedAddresses{}, err
	}
	return stoppedAddresses{manager, state, links}, nil
}

// stoppedAddresses is the address manager of a plugin that does not run.
type stoppedAddresses struct {
	*ipam.Manager
	state *store.Store
	links *link.Manager
}

func (a stoppedAddresses) Dump(context.Context) (ipam.Bitmaps, []netip.Prefix, error) {
	dumped, left := a.Manager.Dump()
	return dumped, left, nil
}

func (a stoppedAddresses) Pools(context.Context) ([]ipam.PoolView, error) {
	return a.Manager.Pools(), nil
}

func (a stoppedAddresses) Pool(_ context.Context, subnet netip.Prefix) (ipam.PoolDetails, error) {
	return a.Manager.Pool(subnet)
}

func (a stoppedAddresses) Explain(_ context.Context, address netip.Addr) (ipam.Explanation, error) {
	return a.Manager.Explain(address), nil
}

func (a stoppedAddresses) Close() error {
	a.links.Close()
	return a.state.Close()
}
