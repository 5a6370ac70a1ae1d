package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// The tests in this file run on a clock of their own: they take no time.

// start makes a call that is answered later.
func start(handler http.Handler) <-chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() { answer <- ask(handler, http.MethodPost, "{}") }()
	return answer
}

// wantNoAnswer checks that a call is being held.
func wantNoAnswer(t *testing.T, answer <-chan *httptest.ResponseRecorder) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-answer:
		t.Errorf("got %d %s, want no answer yet", got.Code, got.Body)
	default:
	}
}

func TestCallsHeldUntilOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, _ := newGate()
		held := start(gate.Handler(Call{Name: "Test.Held", Arguments: true, Do: echo}))
		unheld := start(gate.Handler(Call{Name: "Test.Unheld", Unheld: true, Do: echo}))
		wantAnswer(t, <-unheld, `{"Length":2}`)
		time.Sleep(callTime - time.Second)
		wantNoAnswer(t, held)
		gate.Open()
		wantAnswer(t, <-held, `{"Length":2}`)
	})
}

// TestBadCallsAreNotHeld checks that what is refused anyway waits for nothing.
func TestBadCallsAreNotHeld(t *testing.T) {
	gate, _ := newGate()
	handler := gate.Handler(Call{Name: "Test.Call", Arguments: true, Do: echo})
	wantFailure(t, ask(handler, http.MethodGet, ""), http.StatusMethodNotAllowed, "POST")
	wantFailure(t, ask(handler, http.MethodPost, ""), http.StatusBadRequest, "empty")
}

func TestHeldForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, _ := newGate()
		started := time.Now()
		got := ask(gate.Handler(Call{Name: "Test.Call", Do: echo}), http.MethodPost, "{}")
		wantFailure(t, got, http.StatusInternalServerError, "waiting for the state to be restored")
		if took := time.Since(started); took != callTime {
			t.Errorf("the call was held for %s, want %s", took, callTime)
		}
	})
}

// TestDeadline checks what a call is answered, and when, by how long it takes
// and whether it notices its deadline.
func TestDeadline(t *testing.T) {
	tests := []struct {
		name   string
		do     func(ctx context.Context) error
		took   time.Duration
		status int
		part   string
	}{
		{"in time", func(context.Context) error { time.Sleep(callTime - time.Second); return nil }, callTime - time.Second, http.StatusOK, ""},
		{"notices", func(ctx context.Context) error { <-ctx.Done(); return errors.New("undone") }, callTime, http.StatusInternalServerError, "undone"},
		{"undoes", func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(graceTime / 2)
			return errors.New("undone late")
		}, callTime + graceTime/2, http.StatusInternalServerError, "undone late"},
		{"done just after", func(context.Context) error { time.Sleep(callTime + graceTime/2); return nil }, callTime + graceTime/2, http.StatusOK, ""},
		{"hangs", func(context.Context) error { time.Sleep(time.Hour); return nil }, callTime + graceTime, http.StatusInternalServerError, "Test.Call did not end within 30s"},
		{"panics late", func(context.Context) error { time.Sleep(time.Hour); panic("late") }, callTime + graceTime, http.StatusInternalServerError, "did not end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, _ := newGate()
				gate.Open()
				started := time.Now()
				got := ask(gate.Handler(Call{Name: "Test.Call", Do: func(ctx context.Context, _ []byte) (any, error) {
					return struct{}{}, test.do(ctx)
				}}), http.MethodPost, "{}")
				if took := time.Since(started); took != test.took {
					t.Errorf("the answer took %s, want %s", took, test.took)
				}
				if test.status == http.StatusOK {
					wantAnswer(t, got, `{}`)
				} else {
					wantFailure(t, got, test.status, test.part)
				}
				time.Sleep(2 * time.Hour) // what hung ends by then, and harms nobody
			})
		})
	}
}

// TestCallerHangsUp checks that a call is finished whether or not its caller waits.
func TestCallerHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, _ := newGate()
		gate.Open()
		handler := gate.Handler(Call{Name: "Test.Call", Do: func(ctx context.Context, _ []byte) (any, error) {
			time.Sleep(time.Second)
			return struct{}{}, ctx.Err()
		}})
		ctx, hangUp := context.WithCancel(context.Background())
		hangUp()
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", http.NoBody))
		wantAnswer(t, recorder, `{}`)
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, logged := newGate()
		gate.Open()
		gate.Drain() // nothing is in flight
		handler := gate.Handler(Call{Name: "Test.Call", Do: func(context.Context, []byte) (any, error) {
			time.Sleep(5 * time.Second)
			return struct{}{}, nil
		}})
		answer := start(handler)
		synctest.Wait()
		started := time.Now()
		gate.Drain()
		if took := time.Since(started); took != 5*time.Second {
			t.Errorf("Drain took %s, want the 5s that the call takes", took)
		}
		wantAnswer(t, <-answer, `{}`)
		for _, entry := range logged.AllEntries() {
			if entry.Message == "calls in flight did not end in time" {
				t.Errorf("logged is %q", entry.Message)
			}
		}
	})
}

// TestDrainGivesUp checks that Drain ends where a handler does not.
func TestDrainGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, logged := newGate()
		gate.inFlight.Add(1)
		started := time.Now()
		gate.Drain()
		if took, want := time.Since(started), callTime+graceTime; took != want {
			t.Errorf("Drain took %s, want %s", took, want)
		}
		if entry := logged.LastEntry(); entry == nil || entry.Message != "calls in flight did not end in time" {
			t.Errorf("logged is %v, want a warning", entry)
		}
		gate.inFlight.Done()
	})
}
