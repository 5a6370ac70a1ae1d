package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// object is the body of a call.
type object map[string]any

// api makes calls on a unix socket, an engine's or a plugin's. Connections are kept,
// so that a call costs no more than itself.
type api struct {
	http http.Client
	base string
}

// newAPI takes what the paths of all calls begin with.
func newAPI(socket, prefix string) *api {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: burst}
	return &api{http: http.Client{Transport: transport}, base: "http://socket" + prefix}
}

func (a *api) close() { a.http.CloseIdleConnections() }

// post calls with a body, or with none where it is nil. The answer is read into what
// answer points to, unless that is nil.
func (a *api) post(ctx context.Context, path string, body, answer any) error {
	return a.call(ctx, http.MethodPost, path, body, answer)
}

func (a *api) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// A connection is kept when its answer was read to the end.
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s is answered %s: %s", method, path, response.Status, bytes.TrimSpace(read))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(read, answer)
}
