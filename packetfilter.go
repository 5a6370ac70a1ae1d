package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"

	"mybridge/internal/cli"
	"mybridge/internal/engine"
	"mybridge/internal/enginebridge"
	"mybridge/internal/firewall"
	"mybridge/internal/firewall/iptables"
	"mybridge/internal/firewall/nftables"
	"mybridge/internal/link"
)

// openFilter opens the packet filter's back end that was asked for, and returns
// it with its name.
func openFilter(config cli.ServeConfig, log logrus.FieldLogger) (firewall.Filter, string, error) {
	if config.Firewall == "iptables" {
		filter, err := openIPTables(config.Name, log)
		return filter, "iptables", err
	}
	filter, err := openNFTables(config.Name, log)
	if err == nil {
		return filter, "nftables", nil
	}
	if config.Firewall == "nftables" {
		return nil, "", err
	}
	log.WithError(err).Warn("nftables cannot be used, using iptables")
	fallback, noIPTables := openIPTables(config.Name, log)
	if noIPTables != nil {
		return nil, "", errors.Join(err, noIPTables)
	}
	return fallback, "iptables", nil
}

// openNFTables also has what the host's iptables may drop by its policy accepted
// there, where there is an iptables.
func openNFTables(name string, log logrus.FieldLogger) (firewall.Filter, error) {
	options := nftables.Options{Ran: iptables.Ran}
	if accepts, err := iptables.OpenAccepts(name); err != nil {
		log.WithError(err).Info("there is no iptables to accept packets in")
	} else {
		options.Accepts = accepts
	}
	return nftables.Open(name, options)
}

// openIPTables leaves to nftables what iptables cannot do, where the kernel has it.
func openIPTables(name string, log logrus.FieldLogger) (firewall.Filter, error) {
	filter, err := iptables.Open(name)
	if err != nil {
		return nil, err
	}
	antispoof, err := nftables.Open(name, nftables.Options{AntispoofOnly: true, Ran: iptables.Ran})
	if err != nil {
		log.WithError(err).Warn("containers can use each other's addresses: only nftables could keep them from it")
		return filter, nil
	}
	return firewall.Together(filter, antispoof), nil
}

// followEngineBridges returns what keeps the packet filter told of the engine's
// own bridges.
func followEngineBridges(links *link.Manager, filter enginebridge.Filter, log logrus.FieldLogger) enginebridge.Follower {
	follower := enginebridge.Follower{Links: links, Filter: filter, Log: log}
	if chains, err := iptables.OpenEngineChains(); err == nil {
		follower.Chains = chains
	}
	return follower
}

// containers asks the engine that listens on the socket.
func containers(ctx context.Context, socket string) ([]engine.Container, error) {
	found, err := engine.NewClient(socket).Containers(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for containers: %w", err)
	}
	return found, nil
}

// engineNetworks asks the engine that listens on the socket.
func engineNetworks(ctx context.Context, socket string) ([]engine.Network, error) {
	found, err := engine.NewClient(socket).Networks(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for networks: %w", err)
	}
	return found, nil
}
