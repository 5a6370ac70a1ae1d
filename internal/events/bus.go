package events

import (
	"context"
	"sync"
	"time"
)

// room is how many events wait for a follower: those of some hundred containers that
// start at a time.
const room = 1024

// Bus carries events to all followers and waits for none. The zero value has no
// follower. Its methods may be called concurrently.
type Bus struct {
	mu        sync.Mutex
	followers map[*Follower]struct{}
	closed    bool
}

// Follower is told of what happens from when it was made.
type Follower struct {
	bus    *Bus
	events chan Event
	// lost is how many events found no room; the bus's lock guards it. Until the
	// follower has been told, there is no room.
	lost int
}

// Follow returns a new follower, to be closed.
func (b *Bus) Follow() *Follower {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := &Follower{bus: b, events: make(chan Event, room)}
	if b.closed {
		close(f.events)
		return f
	}
	if b.followers == nil {
		b.followers = map[*Follower]struct{}{}
	}
	b.followers[f] = struct{}{}
	return f
}

// Close ends all followers, once they have read what waits for them: the plugin stops.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for f := range b.followers {
		b.remove(f)
	}
}

func (b *Bus) publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.Time = time.Now()
	for f := range b.followers {
		f.offer(e)
	}
}

func (f *Follower) offer(e Event) {
	if f.lost == 0 {
		select {
		case f.events <- e:
			return
		default:
		}
	}
	f.lost++
}

// remove is called with the lock held, and may be called again.
func (b *Bus) remove(f *Follower) {
	if _, follows := b.followers[f]; follows {
		delete(b.followers, f)
		close(f.events)
	}
}

// Close ends the follower.
func (f *Follower) Close() {
	f.bus.mu.Lock()
	defer f.bus.mu.Unlock()
	f.bus.remove(f)
}

// Next waits for the next event. It returns false where ctx is done, or the bus is
// closed and all was read.
func (f *Follower) Next(ctx context.Context) (e Event, ok bool) {
	select {
	case e, ok = <-f.events:
		if ok {
			return e, true
		}
	default:
	}
	// All that had room is read: what found none comes now.
	if count := f.takeLost(); count > 0 {
		return lost(count), true
	}
	select {
	case e, ok = <-f.events:
		return e, ok
	case <-ctx.Done():
		return Event{}, false
	}
}

func (f *Follower) takeLost() int {
	f.bus.mu.Lock()
	defer f.bus.mu.Unlock()
	count := f.lost
	f.lost = 0
	return count
}
