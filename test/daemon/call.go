package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// patience bounds what takes milliseconds, unless it hangs.
const patience = 40 * time.Second

// ErrRefused is an error that the plugin answered.
var ErrRefused = errors.New("refused")

// Call makes a call of the engine's, such as IpamDriver.RequestPool, and returns the
// answer. Without a body it is the call as the engine's transport sends it again.
func (p *Plugin) Call(ctx context.Context, method string, body any) (map[string]any, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	answer, err := p.ask(ctx, "mybridge.sock", http.MethodPost, "/"+method, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var values map[string]any
	if err := json.Unmarshal(answer, &values); err != nil {
		return nil, fmt.Errorf("%s answers %q: %w", method, answer, err)
	}
	return values, nil
}

// Get asks what the commands of a person ask.
func (p *Plugin) Get(ctx context.Context, path string) ([]byte, error) {
	return p.ask(ctx, "admin.sock", http.MethodGet, path, nil)
}

func (p *Plugin) ask(ctx context.Context, socket, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+socket+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := p.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w with %s: %s", ErrRefused, response.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}

// dial waits for a plugin that has just been started.
func (p *Plugin) dial(ctx context.Context, _, address string) (net.Conn, error) {
	socket, _, _ := strings.Cut(address, ":")
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", p.Path(socket))
		if err == nil {
			return connection, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("the plugin has ended: %w", err)
		case <-ctx.Done():
			return nil, err
		case <-time.After(2 * time.Millisecond):
		}
	}
}
