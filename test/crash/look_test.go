package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"mybridge/internal/store"
)

// sight is what a process found that opened the state.
type sight struct {
	Error   string `json:"error,omitempty"`
	Damaged bool   `json:"damaged,omitempty"`
	// Lost is why the state was taken for lost, where that is told.
	Lost   string  `json:"lost,omitempty"`
	Leases []event `json:"leases,omitempty"`
}

// look opens the state and writes what it holds. Where it may recover, it does
// as the plugin does, else it only opens the file.
func look(directory string, mayRecover bool) {
	s, err := see(directory, mayRecover)
	if err != nil {
		s.Error, s.Damaged = err.Error(), errors.Is(err, store.ErrDamaged)
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		fail(err)
	}
}

func see(directory string, mayRecover bool) (s sight, err error) {
	var state *store.Store
	if mayRecover {
		var loss store.Loss
		state, loss, err = store.OpenOrRecover(directory)
		s.Lost = loss.Reason
	} else {
		state, err = store.Open(directory)
	}
	if err != nil {
		return s, err
	}
	if _, _, err := openManager(state); err != nil {
		return s, err
	}
	found, err := heldIn(state)
	for at, name := range found {
		s.Leases = append(s.Leases, event{place: at, Name: name})
	}
	return s, errors.Join(err, state.Close())
}

// lookAt lets another process look; false where that crashed or hung.
func lookAt(t *testing.T, role, directory, what string) (sight, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	var s sight
	command := process(ctx, role, directory)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err == nil {
		err = json.Unmarshal(output, &s)
	}
	if err != nil {
		t.Errorf("%s: the process that opened it ended with %v:\n%.2000s", what, err, complaints.String())
		return s, false
	}
	return s, true
}
