package protocol

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/link"
	"mybridge/internal/server"
	"mybridge/ipam"
)

// engine is the engine's end of the socket, and what arrived behind it.
type engine struct {
	client http.Client

	network     driver.NetworkConfig
	endpoint    driver.EndpointConfig
	poolRequest ipam.PoolRequest
	address     ipam.AddressRequest
	released    netip.Addr
	published   driver.Publication
	// unpublished is the endpoint whose ports were taken back last.
	unpublished driver.EndpointID
	calls       int
}

// start serves both protocols on a socket of its own.
func start(t *testing.T) *engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "p.sock")
	listener, err := server.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	gate := server.NewGate(log, func(string, time.Duration, error) {})
	e := &engine{client: http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = gate.Serve(listener, NewHandler(gate, &Services{Networks: e, Addresses: e}))
	}()
	t.Cleanup(func() {
		e.client.CloseIdleConnections()
		_ = listener.Close()
		<-done
	})
	gate.Open()
	return e
}

// call posts the body and returns the answer.
func (e *engine) call(t *testing.T, method, body string) (int, map[string]any) {
	t.Helper()
	response, err := e.client.Post("http://plugin/"+method, "", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: the answer is not JSON: %v", method, err)
	}
	return response.StatusCode, answer
}

func (e *engine) CreateNetwork(_ context.Context, c driver.NetworkConfig) error {
	e.network = c
	e.calls++
	return nil
}

func (e *engine) DeleteNetwork(context.Context, driver.NetworkID) error { e.calls++; return nil }

func (e *engine) CreateEndpoint(_ context.Context, c driver.EndpointConfig) (driver.Endpoint, error) {
	e.endpoint = c
	e.calls++
	chosen := c.MAC
	if chosen.IsZero() {
		chosen = link.MAC{2, 0, 0, 0, 0, 7}
	}
	return driver.Endpoint{EndpointConfig: c, ChosenMAC: chosen}, nil
}

func (e *engine) EndpointExists(_ context.Context, _ driver.NetworkID, id driver.EndpointID) error {
	e.calls++
	if id == "unknown" {
		return driver.ErrUnknownEndpoint
	}
	return nil
}

func (e *engine) Join(context.Context, driver.NetworkID, driver.EndpointID, string) (driver.Attachment, error) {
	e.calls++
	return driver.Attachment{Peer: "mbp1", Prefix: "lan", Name: "lan0", GatewayIPv4: netip.MustParseAddr("10.0.0.1")}, nil
}

func (e *engine) Publish(_ context.Context, _ driver.NetworkID, id driver.EndpointID, p driver.Publication) error {
	e.published = p
	e.calls++
	if id == "unknown" {
		return driver.ErrUnknownEndpoint
	}
	return nil
}

func (e *engine) Leave(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error {
	return e.Unpublish(ctx, network, id)
}

func (e *engine) Unpublish(_ context.Context, _ driver.NetworkID, id driver.EndpointID) error {
	e.unpublished = id
	e.calls++
	return nil
}

func (e *engine) DeleteEndpoint(context.Context, driver.NetworkID, driver.EndpointID) error {
	e.calls++
	return nil
}

func (e *engine) RequestPool(_ context.Context, r ipam.PoolRequest) (ipam.Pool, error) {
	e.poolRequest = r
	e.calls++
	if !r.Subnet.IsValid() {
		r.Subnet = netip.MustParsePrefix("10.96.0.0/24")
	}
	return ipam.Pool{ID: ipam.NewPoolID(r.Space, r.Subnet), Subnet: r.Subnet}, nil
}

func (e *engine) ReleasePool(context.Context, ipam.PoolID) error { e.calls++; return nil }

func (e *engine) RequestAddress(_ context.Context, r ipam.AddressRequest) (netip.Prefix, error) {
	e.address = r
	e.calls++
	return netip.MustParsePrefix("10.0.0.2/24"), nil
}

func (e *engine) ReleaseAddress(_ context.Context, _ ipam.PoolID, a netip.Addr) error {
	e.released = a
	e.calls++
	return nil
}
