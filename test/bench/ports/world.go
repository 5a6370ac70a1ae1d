package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mybridge/test/bench/traffic"
)

// The LAN: the host's address on it, and the neighbour's.
var hostOnLAN, neighbourOnLAN = netip.MustParsePrefix("198.51.100.1/24"), netip.MustParsePrefix("198.51.100.2/24")

// world is a host with a neighbour on its LAN and a container that publishes ports.
type world struct {
	neighbour, host, container traffic.Namespace
	server                     *traffic.Server
	// target is the host port that was published last.
	target netip.AddrPort
}

func newWorld(ctx context.Context, w way, ports int) (_ *world, err error) {
	made := &world{target: netip.AddrPortFrom(hostOnLAN.Addr(), uint16(firstPort+ports-1))}
	defer func() {
		if err != nil {
			err = errors.Join(err, made.close())
		}
	}()
	for _, n := range []*traffic.Namespace{&made.neighbour, &made.host, &made.container} {
		if *n, err = traffic.NewNamespace(); err != nil {
			return nil, err
		}
	}
	if err := made.connect(); err != nil {
		return nil, err
	}
	if err := made.host.Do(func() error { return w.publish(ctx, ports) }); err != nil {
		return nil, err
	}
	if err := errors.Join(traffic.SetClientLimits(made.neighbour), traffic.SetRouterLimits(made.host)); err != nil {
		return nil, err
	}
	made.server, err = traffic.Serve(ctx, made.container, service.Port())
	return made, err
}

// connect makes the links and a router of the host.
func (w *world) connect() error {
	return errors.Join(
		w.host.Set("ipv4/ip_forward", "1"),
		w.host.Configure(
			fmt.Sprintf("link add lan0 type veth peer name eth0 netns %s", w.neighbour.Path()),
			fmt.Sprintf("address add %s dev lan0", hostOnLAN),
			"link set lan0 up",
			fmt.Sprintf("link add %s address %s type bridge", bridge, bridgeMAC),
			fmt.Sprintf("address add %s dev %s", gateway, bridge),
			fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %s", containerLink, containerMAC, w.container.Path()),
			fmt.Sprintf("link set %s master %s up", containerLink, bridge),
			fmt.Sprintf("link set %s up", bridge)),
		w.neighbour.Configure(
			fmt.Sprintf("address add %s dev eth0", neighbourOnLAN),
			"link set eth0 up"),
		w.container.Configure(
			fmt.Sprintf("address add %s/%d dev eth0", service.Addr(), gateway.Bits()),
			"link set eth0 up",
			fmt.Sprintf("route add default via %s", gateway.Addr())),
	)
}

func (w *world) close() error {
	var failures []error
	if w.server != nil {
		failures = append(failures, w.server.Close())
	}
	for _, n := range []traffic.Namespace{w.neighbour, w.host, w.container} {
		if n.File != nil {
			failures = append(failures, n.Close())
		}
	}
	return errors.Join(failures...)
}
