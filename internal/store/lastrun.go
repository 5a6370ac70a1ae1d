package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"go.etcd.io/bbolt"

	"mybridge/internal/link"
)

var lastRunKey = []byte("last run")

// Run is how the plugin ran: who mends what a stopped one has left has to know.
type Run struct {
	// Firewall is the packet filter's back end, empty where it is not known.
	Firewall      string `json:"firewall"`
	DirectRouting bool   `json:"directRouting"`
	// EngineBridges are the bridges of the engine's own that it knew, nil where that
	// was not kept.
	EngineBridges []link.Name `json:"engineBridges"`
}

// LastRun returns how the plugin ran last, the zero value where it never did.
func (s *Store) LastRun(ctx context.Context) (run Run, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		kept := tx.Bucket(metaBucket).Get(lastRunKey)
		if kept == nil {
			return nil
		}
		if err := json.Unmarshal(kept, &run); err != nil {
			return fmt.Errorf("%w: how the plugin ran last: %w", ErrDamaged, err)
		}
		return nil
	})
	return run, err
}

// KeepRun keeps how the plugin runs; where it ran so before, it writes nothing.
func (s *Store) KeepRun(ctx context.Context, run Run) error {
	if last, err := s.LastRun(ctx); err == nil && reflect.DeepEqual(last, run) {
		return nil
	}
	value, err := json.Marshal(run)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(lastRunKey, value) })
}
