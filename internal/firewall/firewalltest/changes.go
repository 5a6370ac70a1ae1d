package firewalltest

import (
	"context"

	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// change is something that happens while networks are in use, one after the
// other, and what is different from then on.
type change struct {
	name  string
	apply func(ctx context.Context, w *world, f Firewall) error
	rows  []row
}

var changes = []change{
	{"a new bridge of the engine's", func(ctx context.Context, _ *world, f Firewall) error {
		return f.SetEngineBridges(ctx, []link.Name{"docker0", "docker1"})
	}, []row{
		{"to the new bridge", "web", "tcp engine2:81", nobody},
		{"to the old one", "web", "tcp engine:81", nobody},
	}},
	{"a network's options", func(ctx context.Context, w *world, f Firewall) error {
		settings := w.network("nat").settings()
		settings.DirectRouting = true
		return f.SetNetwork(ctx, settings)
	}, []row{
		{"direct: now allowed", "lan", "tcp web:80", "web sees lan"},
		{"direct: unpublished", "lan", "tcp peer:81", nobody},
		{"published, as before", "lan", "tcp host:8080", "web sees lan"},
	}},
	{"a network's options, back again", func(ctx context.Context, w *world, f Firewall) error {
		return f.SetNetwork(ctx, w.network("nat").settings())
	}, []row{
		{"direct: allowed no more", "lan", "tcp web:80", nobody},
		{"published, as before", "lan", "tcp host:8080", "web sees lan"},
	}},
	{"an endpoint's ports", func(ctx context.Context, w *world, f Firewall) error {
		web := w.network("nat").state().Endpoints[0]
		web.Ports = nil
		for f, address := range web.Addresses {
			only := publication{"web", hostport.TCP, anyAddress, 7000, 80}
			web.Ports = append(web.Ports, only.mapping(address, family(f)))
		}
		return f.SetEndpoint(ctx, identifier("nat"), web)
	}, []row{
		{"the new port", "lan", "tcp host:7000", "web sees lan"},
		{"the old port", "lan", "tcp host:8080", "host sees lan"},
		{"a neighbour's port", "lan", "tcp host2:8082", "peer sees lan"},
		{"another network's port", "lan", "tcp host:8085", "quiet sees lan"},
	}},
	{"an endpoint removed", func(ctx context.Context, _ *world, f Firewall) error {
		return f.RemoveEndpoint(ctx, identifier("nat"), identifier("web"))
	}, []row{
		{"its port", "lan", "tcp host:7000", "host sees lan"},
		{"its address", "lan", "tcp web:80", nobody},
		{"a neighbour's port", "lan", "tcp host2:8082", "peer sees lan"},
	}},
	{"a network removed", func(ctx context.Context, _ *world, f Firewall) error {
		return f.RemoveNetwork(ctx, identifier("trusting"))
	}, []row{
		{"another network's port", "lan", "tcp host:8085", "quiet sees lan"},
		{"another network's direct port", "lan", "tcp straight:80", "straight sees lan"},
		{"another network's address", "lan", "tcp web:80", nobody},
	}},
}
