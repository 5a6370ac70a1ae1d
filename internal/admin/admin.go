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

	"mybridge/ipam"
)

// maxBody is the largest body taken: the bitmaps of some fifty /12 subnets.
const maxBody = 64 << 20

// Addresses is the address manager as people steer it.
type Addresses interface {
	Dump() (dumped ipam.Bitmaps, left []netip.Prefix)
	Load(ctx context.Context, bitmaps ipam.Bitmaps) error
	Release(ctx context.Context, address netip.Addr) error
}

const (
	bitmapsPath      = "/ipam/bitmaps"
	reservationsPath = "/ipam/reservations/"
)

// dump is the answer to GET bitmapsPath.
type dump struct {
	Bitmaps ipam.Bitmaps   `json:"bitmaps"`
	Left    []netip.Prefix `json:"left"`
}

// problem is the answer to what failed.
type problem struct {
	Error string `json:"error"`
}

// NewHandler returns the server's handler.
func NewHandler(addresses Addresses) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+bitmapsPath, func(w http.ResponseWriter, _ *http.Request) {
		bitmaps, left := addresses.Dump()
		write(w, http.StatusOK, dump{bitmaps, left})
	})
	mux.HandleFunc("POST "+bitmapsPath, func(w http.ResponseWriter, r *http.Request) {
		bitmaps, err := ipam.ReadBitmaps(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil {
			err = addresses.Load(r.Context(), bitmaps)
		}
		answer(w, err)
	})
	mux.HandleFunc("DELETE "+reservationsPath+"{address}", func(w http.ResponseWriter, r *http.Request) {
		address, err := ipam.ParseAddress("address", r.PathValue("address"))
		if err == nil {
			err = addresses.Release(r.Context(), address)
		}
		answer(w, err)
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		write(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	write(w, http.StatusOK, struct{}{})
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
