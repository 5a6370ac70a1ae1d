package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"mybridge/internal/admin"
	"mybridge/internal/events"
)

// following follows what is on the bus until the test is done, or each fails.
func following(t *testing.T, bus *events.Bus, each func(events.Event) error) (server *http.Server, stop func(), ended <-chan error) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "x.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server = &http.Server{Handler: newHandler(admin.Parts{Events: bus})}
	server.RegisterOnShutdown(bus.Close)
	go func() { _ = server.Serve(listener) }() // ends with an error when it is closed
	t.Cleanup(func() { _ = server.Close() })
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	client := dial(t, socket)
	go func() { result <- client.Follow(ctx, each) }()
	return server, stop, result
}

// tell tells of refused calls until one has arrived, then of one more each time.
func tell(bus *events.Bus, arrived <-chan events.Event) events.Event {
	for i := 0; ; i++ {
		bus.Call("Test.Call", fmt.Errorf("no %d", i))
		select {
		case e := <-arrived:
			return e
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func wantEnded(t *testing.T, ended <-chan error, want error) {
	t.Helper()
	select {
	case err := <-ended:
		if !errors.Is(err, want) {
			t.Errorf("it ended with %v, want %v", err, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}

// TestFollow wants events to arrive as they are told, and to end when either side has
// enough.
func TestFollow(t *testing.T) {
	enough := errors.New("enough")
	for name, test := range map[string]struct {
		end  func(server *http.Server, stop func()) error
		want error
	}{
		"interrupted":     {func(_ *http.Server, stop func()) error { stop(); return nil }, context.Canceled},
		"the plugin ends": {func(server *http.Server, _ func()) error { return server.Shutdown(context.Background()) }, admin.ErrStopped},
		"killed":          {func(server *http.Server, _ func()) error { return server.Close() }, admin.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			bus, arrived := &events.Bus{}, make(chan events.Event, 100)
			server, stop, ended := following(t, bus, func(e events.Event) error { arrived <- e; return nil })
			defer stop()
			if e := tell(bus, arrived); e.Kind != events.Refused || e.Call != "Test.Call" || e.Detail == "" || e.Time.IsZero() {
				t.Errorf("got %+v", e)
			}
			// A single one comes at once too.
			bus.Call("Test.Last", errors.New("no"))
			for last := ""; last != "Test.Last"; {
				select {
				case e := <-arrived:
					last = e.Call
				case <-time.After(10 * time.Second):
					t.Fatal("a single event does not come")
				}
			}
			if err := test.end(server, stop); err != nil {
				t.Errorf("ending: %v", err)
			}
			wantEnded(t, ended, test.want)
		})
	}
	t.Run("the follower fails", func(t *testing.T) {
		bus := &events.Bus{}
		_, stop, ended := following(t, bus, func(events.Event) error { return enough })
		defer stop()
		go tell(bus, nil)
		wantEnded(t, ended, enough)
	})
}
