package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"time"

	"mybridge/ipam"
)

// The kinds of event in the journal.
const (
	opened     = "opened"
	requesting = "requesting" // an address: before the call
	releasing  = "releasing"  // an address: before the call
	done       = "done"       // the worker's call was acknowledged
	refused    = "refused"    // the worker's call was refused: nothing changed
	failed     = "failed"     // as it should not have
)

// event is a line of the journal.
type event struct {
	Kind   string `json:"kind"`
	Worker int    `json:"worker"`
	// place's address is zero where the manager is to choose it.
	place
	Name string `json:"name,omitempty"`
	Text string `json:"text,omitempty"`
}

const (
	// journalFile is the file descriptor of the journal. What is written to a
	// pipe outlives the writer, and a short line is written whole or not at all.
	journalFile = 3

	workers = 16
	// mostHeld is how many leases a worker holds at most.
	mostHeld = 12
	// names is how many names a worker uses, nobody else uses them.
	names = 6
)

// changeUntilKilled opens the state and changes it for as long as it may.
func changeUntilKilled(directory string) {
	state, manager, err := openState(directory)
	if err != nil {
		fail(err)
	}
	found, err := heldIn(state)
	if err != nil {
		fail(err)
	}
	work := make([]worker, workers)
	next := 0
	for at := range found {
		work[next%workers].holds = append(work[next%workers].holds, at)
		next++
	}
	journal := os.NewFile(journalFile, "journal")
	writeTo(journal)(event{Kind: opened})
	for number := range work {
		w := &work[number]
		w.number, w.manager, w.write = number, manager, writeTo(journal)
		go w.run()
	}
	for {
		if err := state.Backup(context.Background()); err != nil {
			fail(fmt.Errorf("backing up: %w", err))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// writeTo returns what one goroutine writes events with.
func writeTo(journal *os.File) func(e event) {
	encoder := json.NewEncoder(journal)
	return func(e event) {
		// Without a reader there is no test any more.
		if err := encoder.Encode(e); err != nil {
			os.Exit(1)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// worker has one call under way at a time.
type worker struct {
	number  int
	manager *ipam.Manager
	write   func(e event)
	holds   []place
}

func (w *worker) run() {
	for {
		if len(w.holds) > rand.IntN(mostHeld) {
			w.release()
			continue
		}
		w.request()
	}
}

// request asks for an address of its own choice or of the manager's, with a name
// or without.
func (w *worker) request() {
	subnet := subnets[rand.IntN(len(subnets))]
	e := event{Kind: requesting, Worker: w.number, place: place{Pool: ipam.NewPoolID(ipam.LocalAddressSpace, subnet)}}
	if rand.IntN(2) == 0 {
		e.Name = fmt.Sprintf("worker%d-name%d", w.number, rand.IntN(names))
	}
	if rand.IntN(3) == 0 {
		e.Address = hostNumber(subnet, 1+rand.IntN(14))
	}
	w.write(e)
	given, err := w.manager.RequestAddress(context.Background(), ipam.AddressRequest{Pool: e.Pool, Address: e.Address, Name: e.Name})
	if w.answer(place{e.Pool, given.Addr()}, err) {
		w.holds = append(w.holds, place{e.Pool, given.Addr()})
	}
}

// release gives one of the worker's addresses back.
func (w *worker) release() {
	i := rand.IntN(len(w.holds))
	at := w.holds[i]
	w.holds[i] = w.holds[len(w.holds)-1]
	w.holds = w.holds[:len(w.holds)-1]
	w.write(event{Kind: releasing, Worker: w.number, place: at})
	w.answer(at, w.manager.ReleaseAddress(context.Background(), at.Pool, at.Address))
}

// answer writes what became of a call, and reports whether it did what it should.
func (w *worker) answer(at place, err error) bool {
	switch {
	case err == nil:
		w.write(event{Kind: done, Worker: w.number, place: at})
		return true
	case errors.Is(err, ipam.ErrTaken), errors.Is(err, ipam.ErrExhausted):
		w.write(event{Kind: refused, Worker: w.number})
	default:
		w.write(event{Kind: failed, Worker: w.number, Text: err.Error()})
	}
	return false
}

func hostNumber(subnet netip.Prefix, n int) netip.Addr {
	address := subnet.Addr()
	for range n {
		address = address.Next()
	}
	return address
}
