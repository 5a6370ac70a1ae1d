package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
)

// ErrNotRunning says that no plugin listens on the socket.
var ErrNotRunning = errors.New("no plugin is running")

// Client speaks to a running plugin.
type Client struct {
	socket string
	http   http.Client
}

// Dial returns a client of the plugin that listens on socket. It fails with
// ErrNotRunning where none does.
func Dial(ctx context.Context, socket string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	connection, err := dial(ctx, "", "")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) {
		return nil, fmt.Errorf("%w at %s", ErrNotRunning, socket)
	}
	if err != nil {
		return nil, fmt.Errorf("reaching the plugin at %s: %w", socket, err)
	}
	_ = connection.Close() // it only showed that somebody listens
	return &Client{socket: socket, http: http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
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
