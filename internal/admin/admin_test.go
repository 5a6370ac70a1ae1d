package admin_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mybridge/internal/admin"
	"mybridge/ipam"
)

func prefixes(list ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, s := range list {
		parsed = append(parsed, netip.MustParsePrefix(s))
	}
	return parsed
}

func TestDump(t *testing.T) {
	subnet, wide := netip.MustParsePrefix("192.168.0.0/24"), netip.MustParsePrefix("10.16.0.0/12")
	for name, addresses := range map[string]*fakeAddresses{
		"nothing": {dumped: ipam.Bitmaps{}},
		"bitmaps": {dumped: ipam.Bitmaps{subnet: "111" + strings.Repeat("0", 252), wide: strings.Repeat("01", 1<<19)[1:]}},
		"left":    {dumped: ipam.Bitmaps{}, left: prefixes("10.0.0.0/8", "2001:db8::/64")},
	} {
		t.Run(name, func(t *testing.T) {
			dumped, left, err := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses}))).Dump(t.Context())
			if err != nil {
				t.Fatalf("Dump: %v", err)
			}
			if dumped == nil || !maps.Equal(dumped, addresses.dumped) {
				t.Errorf("got bitmaps %.300v, want %.300v", dumped, addresses.dumped)
			}
			if !slices.Equal(left, addresses.left) {
				t.Errorf("got %v left out, want %v", left, addresses.left)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	addresses := &fakeAddresses{}
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses})))
	want := ipam.Bitmaps{
		netip.MustParsePrefix("192.168.0.0/24"): strings.Repeat("10", 128)[:255],
		netip.MustParsePrefix("10.0.0.0/30"):    "001",
		netip.MustParsePrefix("10.16.0.0/12"):   strings.Repeat("1", 1<<20-1),
	}
	if err := client.Load(t.Context(), want); err != nil {
		t.Fatalf("Load: %v", err)
	}
	if len(addresses.loaded) != 1 || !maps.Equal(addresses.loaded[0], want) {
		t.Errorf("loaded is %.300v, want %.300v once", addresses.loaded, want)
	}
}

// TestLoadChecks checks that the plugin takes nothing that is no bitmap file,
// whoever sends it.
func TestLoadChecks(t *testing.T) {
	addresses := &fakeAddresses{}
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: addresses})))
	err := client.Load(t.Context(), ipam.Bitmaps{netip.MustParsePrefix("10.0.0.0/30"): "0"})
	if err == nil || !strings.Contains(err.Error(), "10.0.0.0/30") || !strings.Contains(err.Error(), "/30 has 3") {
		t.Errorf("Load of a short bitmap: got error %v, want one that names it", err)
	}
	if len(addresses.loaded) != 0 {
		t.Errorf("loaded is %v, want nothing", addresses.loaded)
	}
}

// TestErrorTextArrives checks that people read what the plugin said, as it was.
func TestErrorTextArrives(t *testing.T) {
	cause := fmt.Errorf("address 10.0.0.7: %w", ipam.ErrNotReserved)
	client := dial(t, serve(t, newHandler(admin.Parts{Addresses: &fakeAddresses{err: cause}, Ports: &fakePorts{err: cause}})))
	for name, got := range map[string]error{
		"Load":    client.Load(t.Context(), ipam.Bitmaps{}),
		"Reserve": client.Reserve(t.Context(), netip.MustParseAddr("10.0.0.7"), ""),
		"Release": client.Release(t.Context(), netip.MustParseAddr("10.0.0.7"), false),
		"Pool":    second(client.Pool(t.Context(), netip.MustParsePrefix("10.0.0.0/24"))),
		"Check":   second(client.Check(t.Context())),
		"Ports":   second(client.PublishedPorts(t.Context())),
	} {
		if got == nil || got.Error() != cause.Error() {
			t.Errorf("%s: got error %v, want %v", name, got, cause)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestForeignServer checks what is said of an answer that is not the plugin's.
func TestForeignServer(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		part   string
	}{
		"status only":      {http.StatusNotFound, "", "404 Not Found"},
		"page":             {http.StatusBadGateway, "<html>", "502 Bad Gateway"},
		"no error in JSON": {http.StatusInternalServerError, `{}`, "500 Internal Server Error"},
		"no JSON":          {http.StatusOK, "hello", "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})))
			if _, _, err := client.Dump(t.Context()); err == nil || !strings.Contains(err.Error(), test.part) {
				t.Errorf("got error %v, want one with %q", err, test.part)
			}
		})
	}
}

func TestUnknownRequest(t *testing.T) {
	handler := newHandler(admin.Parts{})
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPut, "/ipam/bitmaps", http.StatusMethodNotAllowed},
		{http.MethodGet, "/ipam/reservations/10.0.0.1", http.StatusMethodNotAllowed},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodDelete, "/ipam/addresses/web", http.StatusBadRequest},
		{http.MethodGet, "/ipam/addresses/10.0.0.0/24", http.StatusNotFound},
		{http.MethodGet, "/ipam/addresses/10.0.0.1.2", http.StatusBadRequest},
		{http.MethodGet, "/ipam/pools/shop", http.StatusBadRequest},
		{http.MethodPut, "/ipam/reservations/10.0.0.1", http.StatusBadRequest}, // no body
		{http.MethodPut, "/ipam/check", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/ports", http.StatusMethodNotAllowed},
		{http.MethodGet, "/ports/web", http.StatusNotFound},
	} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, http.NoBody))
		if recorder.Code != test.status {
			t.Errorf("%s %s: got status %d, want %d", test.method, test.path, recorder.Code, test.status)
		}
	}
}

func TestDialNotRunning(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "x.sock")
	stale := filepath.Join(t.TempDir(), "x.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for name, socket := range map[string]string{
		"missing":           missing,
		"missing directory": filepath.Join(missing, "y.sock"),
		"stale":             stale,
	} {
		client, err := admin.Dial(t.Context(), socket)
		if client != nil || !errors.Is(err, admin.ErrNotRunning) || !strings.Contains(err.Error(), socket) {
			t.Errorf("%s: got %v, %v, want ErrNotRunning and the path", name, client, err)
		}
	}
}

// TestDialSilent wants an error that says why of a plugin that listens and is silent.
func TestDialSilent(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "x.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	client, err := admin.Dial(ctx, socket)
	if client != nil || err == nil || !strings.Contains(err.Error(), socket+" does not answer: it is starting, or it hangs") {
		t.Errorf("got %v, %v, want that it does not answer", client, err)
	}
}

// TestPluginStopsMeanwhile checks a plugin that goes away after Dial.
func TestPluginStopsMeanwhile(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "x.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: newHandler(admin.Parts{})}
	go func() { _ = server.Serve(listener) }() // ends with an error when it is closed
	client := dial(t, socket)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Dump(t.Context()); err == nil || !strings.Contains(err.Error(), socket) {
		t.Errorf("Dump: got error %v, want one that names the socket", err)
	}
}

// TestMetrics wants the numbers at the same socket.
func TestMetrics(t *testing.T) {
	numbers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("at " + r.URL.Path)) })
	handler := newHandler(admin.Parts{Numbers: numbers})
	for _, path := range []string{"/metrics", "/healthz"} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if got := recorder.Body.String(); recorder.Code != http.StatusOK || got != "at "+path {
			t.Errorf("%s: got %d %q", path, recorder.Code, got)
		}
	}
}
