// Package server is the edge where the engine's calls arrive: the unix socket,
// and what holds for every call whatever it asks for (its size, its deadline,
// its answer when something goes wrong). It knows nothing of what calls mean.
package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"mybridge/internal/host"
)

// MaxBody is the largest request body taken, in bytes.
const MaxBody = 1 << 20

const (
	// callTime is the deadline of a call. The engine sets none and holds its
	// locks meanwhile.
	callTime = 30 * time.Second
	// graceTime is what a call past its deadline gets to notice and undo
	// before the answer goes out without it.
	graceTime = 2 * time.Second
	// mostCalls is how many calls are made at a time; more wait for their turn,
	// within their deadline. A call that hangs past its deadline keeps its place.
	mostCalls = 128
)

// ErrBadRequest marks a body that is refused before it is looked into: 400.
var ErrBadRequest = errors.New("bad request")

// Call is one method of a protocol.
type Call struct {
	// Name is the method as the engine calls it, such as NetworkDriver.Join.
	Name string
	// Arguments says that the method takes a body.
	Arguments bool
	// Unheld says that the answer needs no state, so waits for nothing.
	Unheld bool
	// Do answers the body with a value to send as JSON.
	Do func(ctx context.Context, body []byte) (any, error)
}

// Gate is what all calls pass. Its methods may be called concurrently.
type Gate struct {
	log      logrus.FieldLogger
	observe  Observe
	restored chan struct{}
	inFlight sync.WaitGroup
	// places are taken by the calls that are made.
	places *semaphore.Weighted
}

// Observe is told of each call when it has ended, with the error it was answered. It
// may be called concurrently.
type Observe func(call string, took time.Duration, err error)

// NewGate returns a gate that holds calls until Open, and tells observe of each.
func NewGate(log logrus.FieldLogger, observe Observe) *Gate {
	return &Gate{log: log, observe: observe, restored: make(chan struct{}), places: semaphore.NewWeighted(mostCalls)}
}

// Open lets the calls through: the state is restored. It is called once.
func (g *Gate) Open() { close(g.restored) }

// Drain waits until no call is in flight, or for as long as a call may take.
// New connections must have stopped before.
func (g *Gate) Drain() {
	drained := make(chan struct{})
	go func() {
		g.inFlight.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(callTime + graceTime):
		g.log.Warn("calls in flight did not end in time")
	}
}

// Handler returns the call as an HTTP handler.
func (g *Gate) Handler(call Call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.inFlight.Add(1)
		defer g.inFlight.Done()
		started := time.Now()
		answer, err := g.serve(w, r, call)
		took := time.Since(started)
		g.observe(call.Name, took, err)
		log := g.log.WithFields(logrus.Fields{"call": call.Name, "took": took.Round(time.Microsecond)})
		if err != nil {
			err = host.Explain(err)
			log.WithError(err).Warn("call failed")
			writeError(w, err)
			return
		}
		log.Debug("call answered")
		writeJSON(w, http.StatusOK, answer)
	}
}

func (g *Gate) serve(w http.ResponseWriter, r *http.Request, call Call) (any, error) {
	if r.Method != http.MethodPost {
		return nil, errNotPost
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callTime)
	defer cancel()
	body, err := readBody(w, r, call)
	if err != nil {
		return nil, err
	}
	if call.Unheld {
		return g.run(ctx, call, body, func() {})
	}
	select {
	case <-g.restored:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the state to be restored: %w", ctx.Err())
	}
	if err := g.places.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("waiting for one of %d calls to end: %w", mostCalls, err)
	}
	return g.run(ctx, call, body, func() { g.places.Release(1) })
}

// run does the call, and stops waiting for it some time after its deadline. By
// then the call has seen the deadline pass and has undone what it did, unless
// something below it hangs. When the call has ended, ended is called.
func (g *Gate) run(ctx context.Context, call Call, body []byte, ended func()) (any, error) {
	type outcome struct {
		answer any
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if cause := recover(); cause != nil {
				g.log.WithFields(logrus.Fields{"call": call.Name, "panic": cause, "stack": string(debug.Stack())}).Error("call panicked")
				o = outcome{err: fmt.Errorf("internal error in %s: %v", call.Name, cause)}
			}
			ended()
			done <- o
		}()
		o.answer, o.err = call.Do(ctx, body)
	}()
	select {
	case o := <-done:
		return o.answer, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-done:
		return o.answer, o.err
	case <-time.After(graceTime):
		return nil, fmt.Errorf("%s did not end within %s: %w", call.Name, callTime, ctx.Err())
	}
}

var (
	errNotPost  = errors.New("only POST is answered")
	errTooLarge = fmt.Errorf("the body is larger than %d bytes", MaxBody)
)

func readBody(w http.ResponseWriter, r *http.Request, call Call) ([]byte, error) {
	// A writer that stops half-way must not keep the call open; on a
	// connection that knows no deadlines there is nothing to bound.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(arrivalTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: reading the body: %w", ErrBadRequest, err)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	// The engine's retry of a failed transport arrives without its body.
	if call.Arguments && len(bytes.TrimSpace(body)) == 0 {
		return nil, fmt.Errorf("%w: %s takes arguments and the body is empty", ErrBadRequest, call.Name)
	}
	return body, nil
}

// writeError answers in both forms: NetworkDriver errors are read from Err,
// IpamDriver errors from Error.
func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, errNotPost):
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", http.MethodPost)
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrBadRequest):
		status = http.StatusBadRequest
	}
	writeJSON(w, status, map[string]string{"Err": err.Error(), "Error": err.Error()})
}

const contentType = "application/vnd.docker.plugins.v1.2+json"

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // as in readBody
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the engine has hung up, it is told nothing more
}
