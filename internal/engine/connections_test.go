package engine

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// TestNoConnectionStaysOpen wants each client to leave none: doctor makes one each
// time, and the engine closes none.
func TestNoConnectionStaysOpen(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var open, ever atomic.Int32
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
				ever.Add(1)
			case http.StateClosed:
				open.Add(-1)
			}
		},
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() { server.Close(); <-done })
	for range 5 {
		if _, err := NewClient(socket).Containers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); open.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if open.Load() > 0 || ever.Load() == 0 {
		t.Errorf("of %d connections %d are still open", ever.Load(), open.Load())
	}
}
