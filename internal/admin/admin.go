// Package admin is the plugin's second socket, where the commands that a person
// types reach a running plugin: its server and its client. It touches nothing
// but that socket.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"

	"mybridge/internal/metrics"
	"mybridge/ipam"
)

// Addresses is the address manager as people see and steer it.
type Addresses interface {
	Dump() (dumped ipam.Bitmaps, left []netip.Prefix)
	Load(ctx context.Context, bitmaps ipam.Bitmaps) error
	Pools() []ipam.PoolView
	Pool(subnet netip.Prefix) (ipam.PoolDetails, error)
	Explain(address netip.Addr) ipam.Explanation
	Reserve(ctx context.Context, address netip.Addr, name string) error
	Release(ctx context.Context, address netip.Addr, force bool) error
	Check(ctx context.Context) ([]ipam.Finding, error)
	Trust(ctx context.Context) error
}

// problem is the answer to what failed.
type problem struct {
	Error string `json:"error"`
}

// Parts are what people reach.
type Parts struct {
	Addresses Addresses
	Ports     Ports
	Doctor    Doctor
	Status    Status
	Events    Events
	// Numbers are those of metrics.NewHandler.
	Numbers http.Handler
}

// NewHandler returns the server's handler.
func NewHandler(parts Parts) http.Handler {
	mux := http.NewServeMux()
	handleBitmaps(mux, parts.Addresses)
	handleViews(mux, parts.Addresses)
	handleAddresses(mux, parts.Addresses)
	handlePorts(mux, parts.Ports)
	handleDoctor(mux, parts.Doctor)
	handleStatus(mux, parts.Status)
	handleEvents(mux, parts.Events)
	mux.Handle("GET "+metrics.Path, parts.Numbers)
	mux.Handle("GET "+metrics.HealthPath, parts.Numbers)
	return mux
}

// answer writes the value, or the error.
func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		write(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	write(w, http.StatusOK, value)
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has hung up, it is told nothing more
}

// read takes the server's answer apart.
func read(response *http.Response, value any) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the plugin's answer: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return json.Unmarshal(body, value)
	}
	var p problem
	if err := json.Unmarshal(body, &p); err != nil || p.Error == "" {
		return fmt.Errorf("the plugin answered %s", response.Status)
	}
	return errors.New(p.Error)
}
