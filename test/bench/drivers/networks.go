package main

import (
	"context"
	"fmt"
)

// Figures with a goal, and their ends: a network is the driver's first, or there is
// another.
const (
	figureConnect    = "network connect"
	figureDisconnect = "network disconnect"

	first   = ", the first"
	further = ", beside another"
)

// manyNetworks is how many networks are created after each other.
const manyNetworks = 100

// measureNetwork creates and removes the first network of a driver, and one beside
// another.
func measureNetwork(ctx context.Context, h *host, rounds int) ([]*row, error) {
	rows, err := h.createAndRemove(ctx, rounds, first)
	if err != nil {
		return nil, err
	}
	err = h.withNetworks(ctx, withFloor, func(map[driver]string) error {
		more, err := h.createAndRemove(ctx, rounds, further)
		rows = append(rows, more...)
		return err
	})
	return rows, err
}

func (h *host) createAndRemove(ctx context.Context, rounds int, suffix string) ([]*row, error) {
	all, err := inTurns(ctx, h.Engine, withFloor, rounds, func(d driver, s *stopwatch) {
		var id string
		s.time(func() (err error) { id, err = h.createNetwork(ctx, d); return err })
		s.time(func() error { return h.removeNetwork(ctx, id) })
	})
	if err != nil {
		return nil, err
	}
	return h.compare(all, "ms", "network create"+suffix, "network rm"+suffix), nil
}

// measureNetworks creates many, and removes them.
func measureNetworks(ctx context.Context, h *host, rounds int) ([]*row, error) {
	all, err := inTurns(ctx, h.Engine, both, rounds, func(d driver, s *stopwatch) {
		before, err := links(h.Engine)
		s.do(func() error { return err })
		ids := make([]string, manyNetworks)
		s.time(func() (err error) {
			for i := range ids {
				if ids[i], err = h.createNetwork(ctx, d); err != nil {
					return err
				}
			}
			return nil
		})
		s.time(func() error {
			for _, id := range ids {
				if err := h.removeNetwork(ctx, id); err != nil {
					return err
				}
			}
			return nil
		})
		s.time(func() error { return settle(ctx, h.Engine, before) })
		if s.err == nil {
			s.values[2] += s.values[1]
		}
	})
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%d networks ", manyNetworks)
	return h.compare(all, "ms", what+"created", what+"removed", what+"removed, until their links are gone"), nil
}

// measureConnect connects a container that has no other network.
func measureConnect(ctx context.Context, h *host, rounds int) (rows []*row, err error) {
	err = h.withNetworks(ctx, withFloor, func(networks map[driver]string) error {
		container, err := h.createContainer(ctx, "none", nil)
		if err != nil {
			return err
		}
		// As long as it has none, the engine lets it have no other.
		body := object{"Container": container, "Force": true}
		if err := h.api.post(ctx, "/networks/none/disconnect", body, nil); err != nil {
			return err
		}
		if err := h.startContainer(ctx, container); err != nil {
			return err
		}
		all, err := inTurns(ctx, h.Engine, withFloor, rounds, func(d driver, s *stopwatch) {
			for _, call := range []string{"/connect", "/disconnect"} {
				s.time(func() error {
					return h.api.post(ctx, "/networks/"+networks[d]+call, object{"Container": container}, nil)
				})
			}
		})
		if err != nil {
			return err
		}
		rows = h.compare(all, "ms", figureConnect, figureDisconnect)
		return h.removeContainer(ctx, container)
	})
	return rows, err
}

// withNetworks calls with a network of each driver.
func (h *host) withNetworks(ctx context.Context, drivers []driver, call func(networks map[driver]string) error) error {
	_, err := takeOnce(ctx, h.Engine, func(s *stopwatch) {
		networks := map[driver]string{}
		for _, d := range drivers {
			s.do(func() (err error) { networks[d], err = h.createNetwork(ctx, d); return err })
		}
		s.do(func() error { return call(networks) })
		for _, id := range networks {
			s.do(func() error { return h.removeNetwork(ctx, id) })
		}
	})
	return err
}
