package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// The LAN: the host's address on it, and the neighbour's.
var hostOnLAN, neighbourOnLAN = netip.MustParsePrefix("198.51.100.1/24"), netip.MustParsePrefix("198.51.100.2/24")

// world is a host with a neighbour on its LAN and a container that publishes ports.
type world struct {
	neighbour, host, container namespace
	server                     *server
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
	for _, n := range []*namespace{&made.neighbour, &made.host, &made.container} {
		if *n, err = newNamespace(); err != nil {
			return nil, err
		}
	}
	if err := made.connect(); err != nil {
		return nil, err
	}
	if err := made.host.do(func() error { return w.publish(ctx, ports) }); err != nil {
		return nil, err
	}
	if err := made.setLimits(); err != nil {
		return nil, err
	}
	made.server, err = made.serve(ctx)
	return made, err
}

// connect makes the links and a router of the host.
func (w *world) connect() error {
	return errors.Join(
		w.host.set("ipv4/ip_forward", "1"),
		w.host.configure(
			fmt.Sprintf("link add lan0 type veth peer name eth0 netns %s", w.neighbour.path()),
			fmt.Sprintf("address add %s dev lan0", hostOnLAN),
			"link set lan0 up",
			fmt.Sprintf("link add %s address %s type bridge", bridge, bridgeMAC),
			fmt.Sprintf("address add %s dev %s", gateway, bridge),
			fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %s", containerLink, containerMAC, w.container.path()),
			fmt.Sprintf("link set %s master %s up", containerLink, bridge),
			fmt.Sprintf("link set %s up", bridge)),
		w.neighbour.configure(
			fmt.Sprintf("address add %s dev eth0", neighbourOnLAN),
			"link set eth0 up"),
		w.container.configure(
			fmt.Sprintf("address add %s/%d dev eth0", service.Addr(), gateway.Bits()),
			"link set eth0 up",
			fmt.Sprintf("route add default via %s", gateway.Addr())),
	)
}

// setLimits lets connections a second be limited by nothing but the processor
// (kernel: Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst).
func (w *world) setLimits() error {
	return errors.Join(
		w.neighbour.set("ipv4/ip_local_port_range", "1024 65535"),
		// A connection that does not come about ends the run soon.
		w.neighbour.set("ipv4/tcp_syn_retries", "1"),
		// The connection table forgets what was reset, in seconds.
		w.host.set("netfilter/nf_conntrack_tcp_timeout_close", "1"),
	)
}

func (w *world) close() error {
	var failures []error
	if w.server != nil {
		failures = append(failures, w.server.close())
	}
	for _, n := range []namespace{w.neighbour, w.host, w.container} {
		if n.File != nil {
			failures = append(failures, n.Close())
		}
	}
	return errors.Join(failures...)
}
