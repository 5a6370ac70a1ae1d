package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// newGate returns a gate and what it logs.
func newGate() (*Gate, *logtest.Hook) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	log.SetLevel(logrus.DebugLevel)
	return NewGate(log, func(string, time.Duration, error) {}), logtest.NewLocal(log)
}

// echo answers with the length of the body, in an object.
func echo(_ context.Context, body []byte) (any, error) {
	return map[string]int{"Length": len(body)}, nil
}

// ask makes one call without a network.
func ask(handler http.Handler, method, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, "/Test.Call", strings.NewReader(body)))
	return recorder
}

// wantAnswer checks an answer that is none of an error.
func wantAnswer(t *testing.T, got *httptest.ResponseRecorder, body string) {
	t.Helper()
	if got.Code != http.StatusOK || strings.TrimSpace(got.Body.String()) != body {
		t.Errorf("got %d %s, want 200 %s", got.Code, got.Body, body)
	}
	if kind := got.Header().Get("Content-Type"); kind != "application/vnd.docker.plugins.v1.2+json" {
		t.Errorf("got content type %q", kind)
	}
}

// wantFailure checks an answer's status, and that its text is in both fields
// that the engine reads one of, with part in it.
func wantFailure(t *testing.T, got *httptest.ResponseRecorder, status int, part string) {
	t.Helper()
	if got.Code != status {
		t.Errorf("got status %d (%s), want %d", got.Code, got.Body, status)
	}
	var answer struct{ Err, Error string }
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil {
		t.Fatalf("the answer %q is no JSON: %v", got.Body, err)
	}
	if answer.Err != answer.Error || !strings.Contains(answer.Err, part) {
		t.Errorf("got Err %q and Error %q, want %q in both", answer.Err, answer.Error, part)
	}
}
