package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mybridge/test/bench/traffic"
	"mybridge/test/engine"
)

// How long each figure of the data path is taken in a round. Connections are counted
// in more, shorter slices, as a moment without the processor weighs more.
const (
	throughputTime   = 2 * time.Second
	connectionsTime  = 200 * time.Millisecond
	connectionSlices = 3
)

// The servers' ports, in containers and outside.
const (
	connectionsPort = 80
	throughputPort  = 5201
)

// The LAN: the host's address on it, and that of the host outside.
var hostOnLAN, outside = netip.MustParsePrefix("198.51.100.1/24"), netip.MustParsePrefix("198.51.100.2/24")

// Names of paths, and the beginnings of their figures' names.
const (
	containerToContainer = "container to container"
	containerToOutside   = "container to outside"
	outsideToPort        = "outside to published port"

	throughputOf  = "throughput, "
	connectionsOf = "new connections, "
)

// path is a way that traffic takes: from a client's namespace to servers.
type path struct {
	name                    string
	client                  traffic.Namespace
	throughput, connections netip.AddrPort
}

// measureTraffic lets the paths of both drivers take turns in slices of some seconds.
// The servers are there from the beginning to the end.
func measureTraffic(ctx context.Context, h *host, rounds int) (rows []*row, err error) {
	neighbour := h.AttachNeighbour(hostOnLAN.String(), outside.String())
	err = h.withNetworks(ctx, both, func(networks map[driver]string) error {
		return during(h.lifetime.progress, func(l *lifetime) error {
			outsider, err := h.outsideNamespace(ctx, l, neighbour)
			if err != nil {
				return err
			}
			paths := map[driver][]path{}
			for d, hostPort := range map[driver]int{builtIn: firstHostPort, mybridge: firstHostPort + 2} {
				if paths[d], err = h.newPaths(ctx, l, networks[d], hostPort, outsider); err != nil {
					return err
				}
			}
			rows, err = h.measurePaths(ctx, rounds, paths)
			return err
		})
	})
	return rows, err
}

// measurePaths makes two rows of each path.
func (h *host) measurePaths(ctx context.Context, rounds int, paths map[driver][]path) ([]*row, error) {
	var throughputs, connections []*row
	for i, p := range paths[builtIn] {
		all, err := inTurns(ctx, h.Engine, both, rounds, func(d driver, s *stopwatch) {
			p := paths[d][i]
			s.take(func() (float64, error) { return throughput(ctx, p.client, p.throughput) })
		})
		if err != nil {
			return nil, err
		}
		throughputs = append(throughputs, h.compare(all, "Gbit/s", throughputOf+p.name)...)
		all, err = inTurns(ctx, h.Engine, both, connectionSlices*rounds, func(d driver, s *stopwatch) {
			p := paths[d][i]
			s.take(func() (float64, error) { return traffic.Rate(p.client, p.connections, connectionsTime) })
		})
		if err != nil {
			return nil, err
		}
		connections = append(connections, h.compare(all, "/s", connectionsOf+p.name)...)
	}
	return append(throughputs, connections...), nil
}

// outsideNamespace is the neighbour's, with servers in it.
func (h *host) outsideNamespace(ctx context.Context, l *lifetime, neighbour *engine.Neighbour) (traffic.Namespace, error) {
	n, err := openNamespace(l, fmt.Sprintf("/proc/%d/ns/net", neighbour.Spawn("probe", "sleep").Pid()))
	if err != nil {
		return n, err
	}
	router, err := openNamespace(l, h.Path("/proc/1/ns/net"))
	if err != nil {
		return n, err
	}
	return n, errors.Join(traffic.SetClientLimits(n), traffic.SetRouterLimits(router), serve(ctx, l, n))
}

// openNamespace opens one until the end.
func openNamespace(l *lifetime, path string) (traffic.Namespace, error) {
	n, err := traffic.OpenNamespace(path)
	if err == nil {
		l.Cleanup(func() { _ = n.Close() })
	}
	return n, err
}

// newPaths starts a container that asks, and one that serves on two published ports,
// from a first on the host.
func (h *host) newPaths(ctx context.Context, l *lifetime, network string, hostPort int, outsider traffic.Namespace) ([]path, error) {
	server, address, err := h.startIn(ctx, l, network, map[int]int{hostPort: connectionsPort, hostPort + 1: throughputPort})
	if err != nil {
		return nil, err
	}
	client, _, err := h.startIn(ctx, l, network, nil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(serve(ctx, l, server), traffic.SetClientLimits(client)); err != nil {
		return nil, err
	}
	at := func(address netip.Addr, port int) netip.AddrPort { return netip.AddrPortFrom(address, uint16(port)) }
	return []path{
		{containerToContainer, client, at(address, throughputPort), at(address, connectionsPort)},
		{containerToOutside, client, at(outside.Addr(), throughputPort), at(outside.Addr(), connectionsPort)},
		{outsideToPort, outsider, at(hostOnLAN.Addr(), hostPort+1), at(hostOnLAN.Addr(), hostPort)},
	}, nil
}

// startIn starts a container that waits, and returns its namespace and address. It is
// removed at the end.
func (h *host) startIn(ctx context.Context, l *lifetime, network string, ports map[int]int) (n traffic.Namespace, address netip.Addr, err error) {
	id, err := h.createContainer(ctx, network, ports)
	if err != nil {
		return n, address, err
	}
	l.Cleanup(func() {
		if err := h.removeContainer(context.WithoutCancel(ctx), id); err != nil {
			l.Error(err)
		}
	})
	if err := h.startContainer(ctx, id); err != nil {
		return n, address, err
	}
	var container struct {
		State           struct{ Pid int }
		NetworkSettings struct {
			Networks map[string]struct{ IPAddress netip.Addr }
		}
	}
	if err := h.api.call(ctx, "GET", "/containers/"+id+"/json", nil, &container); err != nil {
		return n, address, err
	}
	for _, endpoint := range container.NetworkSettings.Networks {
		address = endpoint.IPAddress
	}
	n, err = openNamespace(l, h.Path(fmt.Sprintf("/proc/%d/ns/net", container.State.Pid)))
	return n, address, err
}

// serve answers both kinds of client in the namespace, until the end.
func serve(ctx context.Context, l *lifetime, n traffic.Namespace) error {
	server, err := traffic.Serve(ctx, n, connectionsPort)
	if err != nil {
		return err
	}
	l.Cleanup(func() {
		if err := server.Close(); err != nil {
			l.Error(err)
		}
	})
	return serveThroughput(ctx, l, n)
}
