package admin

import (
	"context"
	"net/http"
	"net/url"

	"mybridge/internal/doctor"
)

const (
	doctorPath = "/doctor"
	// engineQuery names the socket of the engine to ask.
	engineQuery = "engine"
)

// Doctor examines the plugin.
type Doctor interface {
	Examine(ctx context.Context, request doctor.Request) doctor.Report
}

// handleDoctor changes nothing at a GET, and mends at a POST.
func handleDoctor(mux *http.ServeMux, d Doctor) {
	examine := func(fix bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			request := doctor.Request{EngineSocket: r.URL.Query().Get(engineQuery), Fix: fix}
			answer(w, d.Examine(r.Context(), request), nil)
		}
	}
	mux.HandleFunc("GET "+doctorPath, examine(false))
	mux.HandleFunc("POST "+doctorPath, examine(true))
}

// Examine has the plugin examine itself.
func (c *Client) Examine(ctx context.Context, request doctor.Request) (doctor.Report, error) {
	method, path := http.MethodGet, doctorPath
	if request.Fix {
		method = http.MethodPost
	}
	if request.EngineSocket != "" {
		path += "?" + url.Values{engineQuery: {request.EngineSocket}}.Encode()
	}
	var report doctor.Report
	err := c.call(ctx, method, path, nil, &report)
	return report, err
}
