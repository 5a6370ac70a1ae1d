package admin

import (
	"context"
	"net/http"

	"mybridge/internal/status"
)

const statusPath = "/status"

// Status tells what the plugin has.
type Status interface {
	Status(ctx context.Context) (status.Status, error)
}

func handleStatus(mux *http.ServeMux, s Status) {
	mux.HandleFunc("GET "+statusPath, func(w http.ResponseWriter, r *http.Request) {
		now, err := s.Status(r.Context())
		answer(w, now, err)
	})
}

// Status returns what the plugin has.
func (c *Client) Status(ctx context.Context) (status.Status, error) {
	var now status.Status
	err := c.call(ctx, http.MethodGet, statusPath, nil, &now)
	return now, err
}
