package cli

import (
	"cmp"
	"context"
	"sync"
	"time"

	"mybridge/driver"
	"mybridge/internal/engine"
)

// engineTime is how long the engine may take where it is only asked for names.
const engineTime = time.Second

// names are what the engine calls things.
type names struct {
	networks map[driver.NetworkID]string
	// endpoints are called as their containers.
	endpoints  map[driver.EndpointID]string
	containers []engine.Container
	// notAsked says why names are missing, nil where none is.
	notAsked error
}

// askNames asks the engine for all names, and does without those that it does not tell.
func askNames(ctx context.Context, program Program, socket string) names {
	ctx, cancel := context.WithTimeout(ctx, engineTime)
	defer cancel()
	n := names{networks: map[driver.NetworkID]string{}, endpoints: map[driver.EndpointID]string{}}
	var asking sync.WaitGroup
	var networks []engine.Network
	var noNetworks, noContainers error
	asking.Go(func() { networks, noNetworks = program.Networks(ctx, socket) })
	n.containers, noContainers = program.Containers(ctx, socket)
	asking.Wait()
	for _, network := range networks {
		n.networks[driver.NetworkID(network.ID)] = network.Name
	}
	for _, container := range n.containers {
		for _, endpoint := range container.Endpoints {
			n.endpoints[driver.EndpointID(endpoint)] = container.Name
		}
	}
	n.notAsked = cmp.Or(noContainers, noNetworks) // usually for the same reason
	return n
}

// network is the network's name, or else its ID as people know it.
func (n names) network(id driver.NetworkID) string {
	if name := n.networks[id]; name != "" {
		return name
	}
	return id.Short()
}
