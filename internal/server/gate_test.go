package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sirupsen/logrus"
)

func TestCallAnswered(t *testing.T) {
	gate, _ := newGate()
	gate.Open()
	withArguments := gate.Handler(Call{Name: "Test.Call", Arguments: true, Do: echo})
	wantAnswer(t, ask(withArguments, http.MethodPost, `{"a":1}`), `{"Length":7}`)
	wantAnswer(t, ask(withArguments, http.MethodPost, strings.Repeat("x", MaxBody)), `{"Length":1048576}`)
	without := gate.Handler(Call{Name: "Test.Call", Do: echo})
	wantAnswer(t, ask(without, http.MethodPost, ""), `{"Length":0}`)
}

func TestCallRefused(t *testing.T) {
	tests := []struct {
		name, method, body string
		status             int
		part               string
	}{
		{"GET", http.MethodGet, "", http.StatusMethodNotAllowed, "POST"},
		{"PUT with a body", http.MethodPut, "{}", http.StatusMethodNotAllowed, "POST"},
		{"DELETE", http.MethodDelete, "", http.StatusMethodNotAllowed, "POST"},
		{"empty body", http.MethodPost, "", http.StatusBadRequest, "Test.Call takes arguments"},
		{"blank body", http.MethodPost, " \r\n", http.StatusBadRequest, "body is empty"},
		{"a byte too large", http.MethodPost, strings.Repeat("x", MaxBody+1), http.StatusRequestEntityTooLarge, "1048576"},
		{"much too large", http.MethodPost, strings.Repeat("x", 4*MaxBody), http.StatusRequestEntityTooLarge, "1048576"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gate, _ := newGate()
			gate.Open()
			handler := gate.Handler(Call{Name: "Test.Call", Arguments: true, Do: func(context.Context, []byte) (any, error) {
				t.Error("the call was made")
				return nil, nil
			}})
			got := ask(handler, test.method, test.body)
			wantFailure(t, got, test.status, test.part)
			if allow := got.Header().Get("Allow"); test.status == http.StatusMethodNotAllowed && allow != http.MethodPost {
				t.Errorf("got Allow %q, want POST", allow)
			}
		})
	}
}

// TestBodyCutShort checks a writer that fails half-way.
func TestBodyCutShort(t *testing.T) {
	gate, _ := newGate()
	gate.Open()
	body := io.MultiReader(strings.NewReader(`{"a"`), iotest.ErrReader(errors.New("connection reset")))
	recorder := httptest.NewRecorder()
	gate.Handler(Call{Name: "Test.Call", Do: echo}).ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/", body))
	wantFailure(t, recorder, http.StatusBadRequest, "connection reset")
}

func TestCallFails(t *testing.T) {
	gate, logged := newGate()
	gate.Open()
	handler := gate.Handler(Call{Name: "Test.Call", Do: func(context.Context, []byte) (any, error) {
		return map[string]string{"half": "done"}, errors.New(`subnet "10.0.0.0/24" is in use`)
	}})
	got := ask(handler, http.MethodPost, "{}")
	wantFailure(t, got, http.StatusInternalServerError, `subnet "10.0.0.0/24" is in use`)
	if strings.Contains(got.Body.String(), "half") {
		t.Errorf("got %s, want nothing but the error", got.Body)
	}
	entry := logged.LastEntry()
	if entry == nil || entry.Level != logrus.WarnLevel || entry.Data["call"] != "Test.Call" {
		t.Errorf("logged is %v, want a warning that names the call", entry)
	}
}

// TestCallPanics checks that one call's panic is answered and logged, and that
// the calls after it are answered as ever.
func TestCallPanics(t *testing.T) {
	gate, logged := newGate()
	gate.Open()
	handler := gate.Handler(Call{Name: "Test.Call", Do: func(_ context.Context, body []byte) (any, error) {
		return map[string]byte{"Second": body[1]}, nil // there is none in a short body
	}})
	wantFailure(t, ask(handler, http.MethodPost, "x"), http.StatusInternalServerError, "internal error in Test.Call")
	found := false
	for _, entry := range logged.AllEntries() {
		stack, _ := entry.Data["stack"].(string)
		found = found || entry.Level == logrus.ErrorLevel && entry.Data["call"] == "Test.Call" && strings.Contains(stack, "gate_test.go")
	}
	if !found {
		t.Error("no error is logged with the call and the stack of the panic")
	}
	wantAnswer(t, ask(handler, http.MethodPost, "xy"), `{"Second":121}`)
	gate.Drain() // and it is not counted as in flight
}
