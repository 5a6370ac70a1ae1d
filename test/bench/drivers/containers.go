package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// burst is how many containers start at once.
const burst = 16

// Figures with a goal, and the end of the names of those with the other back end.
var (
	figureBurstStart = fmt.Sprintf("%d containers at once, start", burst)
	figureBurstStop  = fmt.Sprintf("%d containers at once, stop", burst)
)

const iptables = ", --firewall iptables"

// firstHostPort is the first that is published; no client's socket has it by chance.
const firstHostPort = 20000

// measureContainer starts and stops one with so many ports.
func measureContainer(ctx context.Context, h *host, rounds, ports int, suffix string) (rows []*row, err error) {
	published := map[int]int{}
	for i := range ports {
		published[firstHostPort+i] = 8000 + i
	}
	drivers := both
	if ports == 0 {
		drivers = withFloor
	}
	err = h.withNetworks(ctx, drivers, func(networks map[driver]string) error {
		all, err := inTurns(ctx, h.Engine, drivers, rounds, func(d driver, s *stopwatch) {
			var id string
			s.do(func() (err error) { id, err = h.createContainer(ctx, networks[d], published); return err })
			s.time(func() error { return h.startContainer(ctx, id) })
			s.time(func() error { return h.stopContainer(ctx, id) })
			s.do(func() error { return h.removeContainer(ctx, id) })
		})
		if err != nil {
			return err
		}
		rows = h.compare(all, "ms", startFigure(ports)+suffix, stopFigure(ports)+suffix)
		return nil
	})
	return rows, err
}

func startFigure(ports int) string { return fmt.Sprintf("container start, published ports: %d", ports) }
func stopFigure(ports int) string  { return fmt.Sprintf("container stop, published ports: %d", ports) }

// measureIPTables takes the plugin's other back end.
func measureIPTables(ctx context.Context, h *host, rounds int) ([]*row, error) {
	h.restartPlugin("iptables")
	rows, err := measureContainer(ctx, h, rounds, mostPorts, iptables)
	h.restartPlugin("nftables")
	return rows, err
}

// measureBurst starts and stops many at once.
func measureBurst(ctx context.Context, h *host, rounds int) (rows []*row, err error) {
	err = h.withNetworks(ctx, withFloor, func(networks map[driver]string) error {
		all, err := inTurns(ctx, h.Engine, withFloor, rounds, func(d driver, s *stopwatch) {
			ids := make([]string, burst)
			for i := range ids {
				s.do(func() (err error) { ids[i], err = h.createContainer(ctx, networks[d], nil); return err })
			}
			s.time(func() error { return atOnce(ctx, ids, h.startContainer) })
			s.time(func() error { return atOnce(ctx, ids, h.stopContainer) })
			s.do(func() error { return atOnce(ctx, ids, h.removeContainer) })
		})
		if err != nil {
			return err
		}
		rows = h.compare(all, "ms", figureBurstStart, figureBurstStop)
		return nil
	})
	return rows, err
}

func atOnce(ctx context.Context, ids []string, call func(ctx context.Context, id string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, id := range ids {
		group.Go(func() error { return call(ctx, id) })
	}
	return group.Wait()
}
