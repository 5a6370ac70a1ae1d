// The floor program is the least that a driver can do, as a plugin called floor: a bridge
// for a network and a veth pair for an endpoint, made by mybridge's package link, with
// no rules, ports, addresses or state, and deleted after the answer. What a call takes
// with it is the engine's and the kernel's part, which no plugin can be faster than. The
// drivers program measures it beside the others.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"mybridge/internal/link"
)

const socket = "/run/docker/plugins/floor.sock"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	log := logrus.New()
	links, err := link.Open("floor", log)
	if err != nil {
		return err
	}
	defer links.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", socket)
	if err != nil {
		return err
	}
	log.Info("floor is ready")
	server := http.Server{Handler: &floor{links: links, bridges: map[string]link.Bridge{}}, ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

// floor answers the NetworkDriver protocol.
type floor struct {
	links   *link.Manager
	mu      sync.Mutex
	bridges map[string]link.Bridge
}

// call has what the floor reads of all calls.
type call struct {
	NetworkID, EndpointID string
	IPv4Data              []struct{ Gateway netip.Prefix }
}

type object map[string]any

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c call
	answer, err := object{}, errors.New("one body of JSON is wanted")
	if r.ContentLength == 0 || json.NewDecoder(r.Body).Decode(&c) == nil {
		answer, err = f.answer(r.Context(), r.URL.Path, c)
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = object{"Err": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer) // who has asked sees a failure
}

func (f *floor) answer(ctx context.Context, path string, c call) (object, error) {
	switch path {
	case "/Plugin.Activate":
		return object{"Implements": []string{"NetworkDriver"}}, nil
	case "/NetworkDriver.GetCapabilities":
		return object{"Scope": "local", "ConnectivityScope": "local"}, nil
	case "/NetworkDriver.CreateNetwork":
		return object{}, f.createNetwork(ctx, c)
	case "/NetworkDriver.Join":
		return f.join(ctx, c)
	case "/NetworkDriver.DeleteEndpoint":
		go f.links.Remove(context.WithoutCancel(ctx), nil, []link.Veth{veth(c, "")})
	case "/NetworkDriver.DeleteNetwork":
		go f.links.Remove(context.WithoutCancel(ctx), []link.Bridge{f.forget(c.NetworkID)}, nil)
	}
	return object{}, nil
}

func (f *floor) createNetwork(ctx context.Context, c call) error {
	if len(c.IPv4Data) != 1 {
		return fmt.Errorf("a network with %d subnets of IPv4: allowed is one", len(c.IPv4Data))
	}
	bridge := link.Bridge{
		Name: link.Name("fb-" + c.NetworkID[:12]), Network: c.NetworkID, MAC: link.RandomMAC(),
		Gateways: []netip.Prefix{c.IPv4Data[0].Gateway},
	}
	f.mu.Lock()
	f.bridges[c.NetworkID] = bridge
	f.mu.Unlock()
	return f.links.EnsureBridge(ctx, bridge)
}

func (f *floor) join(ctx context.Context, c call) (object, error) {
	f.mu.Lock()
	bridge := f.bridges[c.NetworkID]
	f.mu.Unlock()
	pair := veth(c, bridge.Name)
	if err := f.links.EnsureVeth(ctx, pair); err != nil {
		return nil, err
	}
	return object{
		"InterfaceName": object{"SrcName": pair.Peer, "DstPrefix": "eth"},
		"Gateway":       bridge.Gateways[0].Addr(),
	}, nil
}

// forget returns the network's bridge, which is to go.
func (f *floor) forget(network string) link.Bridge {
	f.mu.Lock()
	defer f.mu.Unlock()
	bridge := f.bridges[network]
	delete(f.bridges, network)
	return bridge
}

func veth(c call, bridge link.Name) link.Veth {
	return link.Veth{
		Name: link.Name("fv-" + c.EndpointID[:12]), Peer: link.Name("fp-" + c.EndpointID[:12]),
		Bridge: bridge, Network: c.NetworkID, Endpoint: c.EndpointID, MAC: link.RandomMAC(),
	}
}
