package engine

import (
	"context"
	"strings"
)

// Container is a container that runs.
type Container struct {
	ID string
	// Name is without the engine's leading slash.
	Name string
	// Endpoints are the IDs of its endpoints.
	Endpoints []string
}

// container is what matters of the engine's answer (API v1.41, GET /containers/json).
type container struct {
	ID              string `json:"Id"`
	Names           []string
	NetworkSettings struct {
		Networks map[string]struct{ EndpointID string }
	}
}

// Containers returns the containers that run.
func (c *Client) Containers(ctx context.Context) ([]Container, error) {
	var listed []container
	if err := c.get(ctx, "/containers/json", &listed); err != nil {
		return nil, err
	}
	var containers []Container
	for _, l := range listed {
		found := Container{ID: l.ID}
		for _, name := range l.Names {
			// Names with a second slash are those of legacy links.
			if name = strings.TrimPrefix(name, "/"); !strings.Contains(name, "/") {
				found.Name = name
			}
		}
		for _, network := range l.NetworkSettings.Networks {
			found.Endpoints = append(found.Endpoints, network.EndpointID)
		}
		containers = append(containers, found)
	}
	return containers, nil
}
