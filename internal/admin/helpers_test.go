package admin_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"testing"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/ipam"
)

// fakeAddresses answers with what it is given and remembers what it is asked.
type fakeAddresses struct {
	dumped      ipam.Bitmaps
	left        []netip.Prefix
	pools       []ipam.PoolView
	details     ipam.PoolDetails
	explanation ipam.Explanation
	trusted     int
	found       []ipam.Finding
	err         error

	loaded []ipam.Bitmaps
	asked  []string
}

func (f *fakeAddresses) Dump() (ipam.Bitmaps, []netip.Prefix) { return f.dumped, f.left }

func (f *fakeAddresses) Load(_ context.Context, bitmaps ipam.Bitmaps) error {
	f.loaded = append(f.loaded, bitmaps)
	return f.err
}

func (f *fakeAddresses) Pools() []ipam.PoolView { return f.pools }

func (f *fakeAddresses) Pool(subnet netip.Prefix) (ipam.PoolDetails, error) {
	f.ask("pool %s", subnet)
	return f.details, f.err
}

func (f *fakeAddresses) Explain(address netip.Addr) ipam.Explanation {
	f.ask("explain %s", address)
	return f.explanation
}

func (f *fakeAddresses) Reserve(_ context.Context, address netip.Addr, name string) error {
	f.ask("reserve %s %q", address, name)
	return f.err
}

func (f *fakeAddresses) Release(_ context.Context, address netip.Addr, force bool) error {
	f.ask("release %s %v", address, force)
	return f.err
}

func (f *fakeAddresses) Trust(context.Context) error {
	f.trusted++
	return f.err
}

func (f *fakeAddresses) Check(context.Context) ([]ipam.Finding, error) { return f.found, f.err }

func (f *fakeAddresses) ask(format string, values ...any) {
	f.asked = append(f.asked, fmt.Sprintf(format, values...))
}

// fakePorts is a driver whose endpoints publish what it is given.
type fakePorts struct {
	published []driver.PublishedPort
	err       error
}

func (f *fakePorts) PublishedPorts(context.Context) ([]driver.PublishedPort, error) {
	return f.published, f.err
}

// serve serves handler on a socket and returns its path.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "x.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }() // ends with an error when it is closed
	t.Cleanup(func() { _ = server.Close() })
	return socket
}

// dial returns a client of what listens on socket.
func dial(t *testing.T, socket string) *admin.Client {
	t.Helper()
	client, err := admin.Dial(t.Context(), socket)
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return client
}

// newHandler is for tests that ask for nothing but these parts.
func newHandler(parts admin.Parts) http.Handler {
	if parts.Numbers == nil {
		parts.Numbers = http.NotFoundHandler()
	}
	return admin.NewHandler(parts)
}
