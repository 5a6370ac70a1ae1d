package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
)

func (w *world) SetNetwork(_ context.Context, n firewall.Network) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.rules[n.ID] = n
	return nil
}

func (w *world) RemoveNetwork(_ context.Context, network string) error {
	if err := w.effect(); err != nil {
		return err
	}
	delete(w.rules, network)
	for _, e := range w.endpoints {
		if string(e.Network) == network {
			delete(w.endpointRules, string(e.ID))
		}
	}
	return nil
}

func (w *world) SetEndpoint(_ context.Context, network string, e firewall.Endpoint) error {
	if err := w.effect(); err != nil {
		return err
	}
	if _, ok := w.rules[network]; !ok {
		return errors.New("the endpoint's network has no rules")
	}
	w.endpointRules[e.ID] = e
	return nil
}

func (w *world) RemoveEndpoint(_ context.Context, _, endpoint string) error {
	if err := w.effect(); err != nil {
		return err
	}
	delete(w.endpointRules, endpoint)
	return nil
}

func (w *world) Sweep(context.Context) error {
	w.sweeps++
	return nil
}

func (w *world) Restore(_ context.Context, state firewall.State) error {
	if err := w.effect(); err != nil {
		return err
	}
	clear(w.rules)
	clear(w.endpointRules)
	for _, n := range state.Networks {
		w.rules[n.ID] = n.Network
		for _, e := range n.Endpoints {
			w.endpointRules[e.ID] = e
		}
	}
	return nil
}

func (w *world) HasIPv6() bool { return true }

// Hold gives 49153 where any port will do, and refuses what another has.
func (w *world) Hold(owner string, requests []hostport.Request) ([]hostport.Mapping, error) {
	if err := w.effect(); err != nil {
		return nil, err
	}
	var mappings []hostport.Mapping
	for _, r := range requests {
		for _, target := range r.Targets {
			port := r.First
			if port == 0 {
				port = 49153
			}
			m := hostport.Mapping{Protocol: r.Protocol, Host: netip.AddrPortFrom(target.Host, port), Container: target.Container}
			if err := w.wantFree(m); err != nil {
				return nil, err
			}
			mappings = append(mappings, m)
		}
	}
	if len(mappings) > 0 {
		w.held[owner] = append(w.held[owner], mappings...)
	}
	return mappings, nil
}

func (w *world) wantFree(m hostport.Mapping) error {
	for owner, mappings := range w.held {
		for _, other := range mappings {
			if other.Protocol == m.Protocol && other.Host == m.Host {
				return fmt.Errorf("port %s is in use by %s", m.Host, owner)
			}
		}
	}
	return nil
}

func (w *world) Resume(owner string, mappings []hostport.Mapping) error {
	for _, m := range mappings {
		if w.taken[m.Host] {
			return fmt.Errorf("port %s is in use", m.Host)
		}
		w.held[owner] = append(w.held[owner], m)
	}
	return nil
}

func (w *world) Release(owner string) { delete(w.held, owner) }
