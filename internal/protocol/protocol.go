// Package protocol is the engine's two plugin protocols, NetworkDriver and
// IpamDriver, as sent by engines 20.10 to 29: it turns each body into validated,
// typed values for the driver and the address manager, and their answers back.
// It is the only package that knows go-plugins-helpers, and it touches nothing
// but the calls.
//
// The source is the engine's own: daemon/libnetwork/drivers/remote and
// ipams/remote of github.com/moby/moby, and go-plugins-helpers for the types.
package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"mybridge/internal/server"
)

// manifest answers Plugin.Activate: one plugin in both roles.
var manifest = struct{ Implements []string }{[]string{"NetworkDriver", "IpamDriver"}}

// NewHandler returns the handler of both protocols. The gate's rules hold for
// every method.
//
// The driver and the manager are asked for at each call, as they are there only
// once the gate is open.
func NewHandler(gate *server.Gate, services *Services) http.Handler {
	handler := http.NewServeMux()
	calls := append(networkCalls(services), addressCalls(services)...)
	for _, call := range append(calls, constant("Plugin.Activate", manifest)) {
		handler.HandleFunc("/"+call.Name, gate.Handler(call))
	}
	return handler
}

// Services is what answers the calls; it is filled in before the gate opens.
type Services struct {
	Networks  Networks
	Addresses Addresses
}

// empty is the answer that says only that all went well.
type empty struct{}

// constant is a call whose answer needs no state.
func constant(name string, answer any) server.Call {
	return server.Call{Name: name, Unheld: true, Do: func(context.Context, []byte) (any, error) { return answer, nil }}
}

// method is a call with arguments.
func method[Request any](name string, do func(ctx context.Context, request *Request) (any, error)) server.Call {
	return server.Call{Name: name, Arguments: true, Do: func(ctx context.Context, body []byte) (any, error) {
		request := new(Request)
		if err := decode(body, request); err != nil {
			return nil, err
		}
		return do(ctx, request)
	}}
}

// decode takes one JSON object. Fields that it does not know are let pass: a
// newer engine may send them. Options, which users type, are another matter.
func decode(body []byte, request any) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("%w: the body is not a JSON object", server.ErrBadRequest)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(request); err != nil {
		return fmt.Errorf("%w: the body is not the JSON expected: %w", server.ErrBadRequest, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more after the body's JSON object", server.ErrBadRequest)
	}
	return nil
}
