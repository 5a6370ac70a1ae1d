package main

import (
	"context"
	"errors"

	"mybridge/internal/admin"
	"mybridge/internal/cli"
	"mybridge/internal/events"
	"mybridge/internal/status"
)

// pluginStatus asks the running plugin, or where none runs its state.
func pluginStatus(ctx context.Context, target cli.Target) (now status.Status, err error) {
	client, notRunning := admin.Dial(ctx, target.AdminSocket)
	if notRunning == nil {
		defer func() { err = errors.Join(err, client.Close()) }()
		return client.Status(ctx)
	}
	if !errors.Is(notRunning, admin.ErrNotRunning) {
		return status.Status{}, notRunning
	}
	state, err := openState(target, notRunning)
	if err != nil {
		return status.Status{}, err
	}
	addresses, err := openStopped(ctx, target.Name, state)
	if err != nil {
		return status.Status{}, errors.Join(err, state.Close())
	}
	defer func() { err = errors.Join(err, addresses.Close()) }()
	networks, endpoints, err := state.LoadNetworks(ctx)
	if err != nil {
		return status.Status{}, err
	}
	return status.Status{
		NotRunning: notRunning.Error(),
		Networks:   networks,
		Endpoints:  endpoints,
		Pools:      addresses.Manager.Pools(),
	}, nil
}

// follow has each called with what happens in the running plugin.
func follow(ctx context.Context, target cli.Target, each func(events.Event) error) (err error) {
	client, err := admin.Dial(ctx, target.AdminSocket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Follow(ctx, each)
}
