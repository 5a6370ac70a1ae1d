package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

const (
	watchInterval = 20 * time.Millisecond
	// watchGrace is how long the last replies may take.
	watchGrace = 500 * time.Millisecond
)

// watch pings an address until it is told to end and then prints how many
// requests remained without a reply. A request that could not even be sent
// counts as lost.
func watch(arguments []string) error {
	name, err := parseOne(flag.NewFlagSet("watch", flag.ContinueOnError), arguments)
	if err != nil {
		return err
	}
	addresses, err := lookUp(name, 2*time.Second)
	if err != nil {
		return err
	}
	e, err := newEcho(addresses[0])
	if err != nil {
		return err
	}

	done := terminated()
	replies := newReplies()
	go replies.receiveFrom(e)
	fmt.Println("watching", addresses[0])

	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	sent := uint64(0)
	for watching := true; watching; {
		_ = e.send(sent)
		sent++
		select {
		case <-ticker.C:
		case <-done:
			watching = false
		}
	}

	for end := time.Now().Add(watchGrace); replies.count() < sent && time.Now().Before(end); {
		time.Sleep(watchInterval)
	}
	fmt.Printf("sent %d lost %d\n", sent, sent-replies.count())
	return nil
}

// replies is the set of requests that were replied to, each once.
type replies struct {
	mutex sync.Mutex
	seen  map[uint64]bool
}

func newReplies() *replies {
	return &replies{seen: make(map[uint64]bool)}
}

// receiveFrom collects replies until the program ends.
func (r *replies) receiveFrom(e *echo) {
	for {
		number, _, err := e.receive(time.Time{})
		if err != nil {
			// An interface that is down for a moment shows up here; the
			// loss is counted anyway.
			time.Sleep(watchInterval)
			continue
		}
		r.mutex.Lock()
		r.seen[number] = true
		r.mutex.Unlock()
	}
}

func (r *replies) count() uint64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return uint64(len(r.seen))
}
