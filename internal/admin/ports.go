package admin

import (
	"context"
	"net/http"

	"mybridge/driver"
)

const portsPath = "/ports"

// Ports is the driver as people see its published ports.
type Ports interface {
	PublishedPorts(ctx context.Context) ([]driver.PublishedPort, error)
}

func handlePorts(mux *http.ServeMux, ports Ports) {
	mux.HandleFunc("GET "+portsPath, func(w http.ResponseWriter, r *http.Request) {
		published, err := ports.PublishedPorts(r.Context())
		answer(w, published, err)
	})
}

// PublishedPorts returns what all endpoints publish, in any order.
func (c *Client) PublishedPorts(ctx context.Context) ([]driver.PublishedPort, error) {
	var published []driver.PublishedPort
	err := c.call(ctx, http.MethodGet, portsPath, nil, &published)
	return published, err
}
