package driver

import (
	"context"
	"maps"
	"slices"
)

func (w *world) LoadNetworks(context.Context) ([]Network, []Endpoint, error) {
	return slices.Collect(maps.Values(w.networks)), slices.Collect(maps.Values(w.endpoints)), nil
}

func (w *world) PutNetwork(_ context.Context, n Network) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.networks[n.ID] = n
	return nil
}

func (w *world) PutEndpoint(_ context.Context, e Endpoint) error {
	if err := w.effect(); err != nil {
		return err
	}
	w.endpoints[string(e.Network)+string(e.ID)] = e
	return nil
}

func (w *world) Forget(_ context.Context, deletions ...Deletion) error {
	if err := w.effect(); err != nil {
		return err
	}
	for _, deletion := range deletions {
		if deletion.Endpoint == "" {
			delete(w.networks, deletion.Network)
		}
		maps.DeleteFunc(w.endpoints, func(_ string, e Endpoint) bool {
			return e.Network == deletion.Network && (deletion.Endpoint == "" || e.ID == deletion.Endpoint)
		})
	}
	return nil
}
