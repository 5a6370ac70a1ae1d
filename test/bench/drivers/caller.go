package main

import (
	"context"
	"fmt"
	"strings"

	"mybridge/test/engine"
)

// caller makes the calls of an engine to a plugin that runs without one.
type caller struct {
	*engine.Engine
	api    *api
	plugin *engine.Process
	// created is how many networks and endpoints were, to name the next.
	created int
}

func startCaller(l *lifetime, root engine.Root, program string) *caller {
	c := &caller{Engine: engine.Start(l, root, engine.Options{WithoutDocker: true, Data: l.TempDir()})}
	c.Install(program)
	c.startPlugin()
	c.plugin.WaitLog("mybridge is ready")
	c.api = newAPI(c.Path("/run/docker/plugins/mybridge.sock"), "/")
	l.Cleanup(c.api.close)
	return c
}

func (c *caller) startPlugin() { c.plugin = c.Spawn("mybridge", "serve") }

// pluginNetwork is what a network consists of.
type pluginNetwork struct{ id, pool, gateway string }

// id returns one of the engine's form, with a beginning of its own.
func (c *caller) id() string {
	c.created++
	return fmt.Sprintf("%012x%052d", c.created, 0)
}

// createNetwork makes the calls of a 'docker network create'.
func (c *caller) createNetwork(ctx context.Context) (pluginNetwork, error) {
	n := pluginNetwork{id: c.id()}
	var pool struct{ PoolID, Pool string }
	if err := c.api.post(ctx, "IpamDriver.RequestPool", object{"AddressSpace": "mybridge-local"}, &pool); err != nil {
		return n, err
	}
	n.pool = pool.PoolID
	var err error
	if n.gateway, err = c.requestAddress(ctx, n, object{"RequestAddressType": "com.docker.network.gateway"}); err != nil {
		return n, err
	}
	return n, c.api.post(ctx, "NetworkDriver.CreateNetwork", object{
		"NetworkID": n.id, "Options": object{}, "IPv6Data": []object{},
		"IPv4Data": []object{{"AddressSpace": "mybridge-local", "Pool": pool.Pool, "Gateway": n.gateway}},
	}, nil)
}

// removeNetwork makes those of a 'docker network rm'.
func (c *caller) removeNetwork(ctx context.Context, n pluginNetwork) error {
	if err := c.api.post(ctx, "NetworkDriver.DeleteNetwork", object{"NetworkID": n.id}, nil); err != nil {
		return err
	}
	address, _, _ := strings.Cut(n.gateway, "/")
	if err := c.api.post(ctx, "IpamDriver.ReleaseAddress", object{"PoolID": n.pool, "Address": address}, nil); err != nil {
		return err
	}
	return c.api.post(ctx, "IpamDriver.ReleasePool", object{"PoolID": n.pool}, nil)
}

// requestAddress returns one with its subnet's length.
func (c *caller) requestAddress(ctx context.Context, n pluginNetwork, options object) (string, error) {
	var answer struct{ Address string }
	err := c.api.post(ctx, "IpamDriver.RequestAddress", object{"PoolID": n.pool, "Options": options}, &answer)
	return answer.Address, err
}

// startContainer makes the calls of the start of one that publishes a port, and
// returns the body of calls about its endpoint.
func (c *caller) startContainer(ctx context.Context, n pluginNetwork, hostPort int) (object, error) {
	address, err := c.requestAddress(ctx, n, nil)
	if err != nil {
		return nil, err
	}
	endpoint := object{"NetworkID": n.id, "EndpointID": c.id()}
	with := func(key string, value any) object {
		return object{"NetworkID": n.id, "EndpointID": endpoint["EndpointID"], key: value}
	}
	if err := c.api.post(ctx, "NetworkDriver.CreateEndpoint", with("Interface", object{"Address": address}), nil); err != nil {
		return nil, err
	}
	if err := c.api.post(ctx, "NetworkDriver.Join", with("SandboxKey", "/var/run/docker/netns/"+c.id()[:12]), nil); err != nil {
		return nil, err
	}
	ports := []object{{"Proto": 6, "Port": 80, "HostPort": hostPort, "HostPortEnd": hostPort}}
	return endpoint, c.api.post(ctx, "NetworkDriver.ProgramExternalConnectivity", with("Options", object{"com.docker.network.portmap": ports}), nil)
}
