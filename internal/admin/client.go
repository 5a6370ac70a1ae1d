package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/internal/metrics"
)

// ErrNotRunning says that no plugin listens on the socket.
var ErrNotRunning = errors.New("no plugin is running")

// Client speaks to a running plugin.
type Client struct {
	socket string
	http   http.Client
}

// patience is how long a plugin may take to say that it answers.
const patience = 5 * time.Second

// Dial returns a client of the plugin that answers at socket. It fails with
// ErrNotRunning where none listens, and after 5 s where one does and does not answer.
func Dial(ctx context.Context, socket string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	client := &Client{socket: socket, http: http.Client{Transport: &http.Transport{DialContext: dial}}}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	response, err := client.send(limited, http.MethodGet, metrics.HealthPath, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ECONNREFUSED):
		return nil, fmt.Errorf("%w at %s", ErrNotRunning, socket)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("the plugin at %s does not answer: it is starting, or it hangs: %w", socket, context.DeadlineExceeded)
	case err != nil:
		return nil, err
	}
	// Read, so that the connection serves the next request.
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("asking the plugin at %s: %w", socket, err)
	}
	return client, nil
}

// Close ends the client's connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func (c *Client) call(ctx context.Context, method, path string, body io.Reader, value any) (err error) {
	response, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	return read(response, value)
}

// send returns the answer, whose body is to be closed.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://mybridge"+path, body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the plugin at %s: %w", c.socket, err)
	}
	return response, nil
}
