package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"mybridge/internal/events"
)

const eventsPath = "/events"

// readTime is how long a follower may take to read what it is sent, before it is left:
// a plugin that stops waits no longer for it.
const readTime = 10 * time.Second

// Events are what happens, for who follows.
type Events interface {
	Follow() *events.Follower
}

// handleEvents sends a line of JSON for each event until either side has enough.
func handleEvents(mux *http.ServeMux, e Events) {
	mux.HandleFunc("GET "+eventsPath, func(w http.ResponseWriter, r *http.Request) {
		follower := e.Follow()
		defer follower.Close()
		connection := http.NewResponseController(w)
		w.Header().Set("Content-Type", "application/jsonl")
		w.WriteHeader(http.StatusOK)
		// So that the follower knows that it misses nothing from now on.
		err := connection.Flush()
		for lines := json.NewEncoder(w); err == nil; {
			event, more := follower.Next(r.Context())
			if !more {
				return
			}
			_ = connection.SetWriteDeadline(time.Now().Add(readTime)) // there is nothing to bound where no deadline is known
			err = errors.Join(lines.Encode(event), connection.Flush())
		}
	})
}

// ErrStopped says that the plugin that was followed sends no more.
var ErrStopped = fmt.Errorf("the plugin has stopped, or what it sent was not read for %s", readTime)

// Follow calls each with every event from now on, until ctx is done or each fails. It
// fails with ErrStopped where the plugin ends before.
func (c *Client) Follow(ctx context.Context, each func(events.Event) error) error {
	response, err := c.send(ctx, http.MethodGet, eventsPath, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // what was read is what there is
	if response.StatusCode != http.StatusOK {
		return read(response, new(struct{}))
	}
	for lines := json.NewDecoder(response.Body); ; {
		var event events.Event
		err := lines.Decode(&event)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return ErrStopped
		case err != nil:
			return fmt.Errorf("reading the plugin's events: %w", err)
		}
		if err := each(event); err != nil {
			return err
		}
	}
}
