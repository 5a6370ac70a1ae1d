package main

import (
	"context"
	"fmt"
	"net/http"

	"mybridge/test/engine"
)

// driver is one of those that are compared.
type driver struct {
	name string
	// addresses is the address manager's name.
	addresses string
}

// builtIn is what mybridge is compared with, and floor what nothing can be faster than:
// see package floor.
var (
	builtIn  = driver{"bridge", "default"}
	mybridge = driver{"mybridge", "mybridge"}
	floor    = driver{"floor", "default"}
)

// The drivers that are compared; with the floor where time goes that is not mybridge's.
var (
	both      = []driver{builtIn, mybridge}
	withFloor = []driver{builtIn, mybridge, floor}
)

// host is a machine with an engine and the plugin.
type host struct {
	*engine.Engine
	api      *api
	plugin   *engine.Process
	lifetime *lifetime
	// networks is how many were created, to name the next.
	networks int
}

// startHost starts an engine with its state on the disk.
func startHost(l *lifetime, root engine.Root, programs programs) *host {
	h := &host{lifetime: l, Engine: engine.Start(l, root, engine.Options{
		Data: l.TempDir(),
		// As many networks as are created would not fit into what it has else.
		DaemonArgs: []string{"--default-address-pool", "base=172.16.0.0/12,size=24"},
	})}
	h.Install(programs.mybridge)
	h.Install(programs.floor)
	h.startPlugin("nftables")
	h.Spawn("floor").WaitLog("floor is ready")
	h.api = newAPI(h.Path("/run/docker.sock"), "/v1.41")
	l.Cleanup(h.api.close)
	return h
}

// restartPlugin takes another back end.
func (h *host) restartPlugin(firewall string) {
	if code := h.plugin.Stop(); code != 0 {
		h.lifetime.Fatalf("the plugin ended with code %d", code)
	}
	h.startPlugin(firewall)
}

func (h *host) startPlugin(firewall string) {
	h.plugin = h.Spawn("mybridge", "serve", "--firewall", firewall)
	h.plugin.WaitLog("mybridge is ready")
}

// createNetwork returns its ID.
func (h *host) createNetwork(ctx context.Context, d driver) (string, error) {
	h.networks++
	var created struct{ ID string }
	err := h.api.post(ctx, "/networks/create", object{
		"Name": fmt.Sprintf("bench%d", h.networks), "Driver": d.name, "IPAM": object{"Driver": d.addresses},
	}, &created)
	return created.ID, err
}

func (h *host) removeNetwork(ctx context.Context, id string) error {
	return h.api.call(ctx, http.MethodDelete, "/networks/"+id, nil, nil)
}

// createContainer returns the ID of a container that waits, and ends at once when it is
// stopped. The ports are from the host's to the container's.
func (h *host) createContainer(ctx context.Context, network string, ports map[int]int) (string, error) {
	exposed, bindings := object{}, object{}
	for hostPort, port := range ports {
		name := fmt.Sprintf("%d/tcp", port)
		exposed[name] = object{}
		bindings[name] = []object{{"HostPort": fmt.Sprint(hostPort)}}
	}
	var created struct{ ID string }
	err := h.api.post(ctx, "/containers/create", object{
		"Image": "probe", "StopSignal": "SIGKILL", "ExposedPorts": exposed,
		"HostConfig": object{"NetworkMode": network, "PortBindings": bindings},
	}, &created)
	return created.ID, err
}

func (h *host) startContainer(ctx context.Context, id string) error {
	return h.api.post(ctx, "/containers/"+id+"/start", nil, nil)
}

func (h *host) stopContainer(ctx context.Context, id string) error {
	return h.api.post(ctx, "/containers/"+id+"/stop", nil, nil)
}

func (h *host) removeContainer(ctx context.Context, id string) error {
	return h.api.call(ctx, http.MethodDelete, "/containers/"+id+"?force=1", nil, nil)
}
