package admin_test

import (
	"net/netip"
	"slices"
	"testing"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/hostport"
)

// TestPublishedPorts checks that each port arrives as it is, one without a host
// port included, and that none is no error.
func TestPublishedPorts(t *testing.T) {
	mapping := func(protocol hostport.Protocol, host, container string) hostport.Mapping {
		m := hostport.Mapping{Protocol: protocol, Container: netip.MustParseAddrPort(container)}
		if host != "" {
			m.Host = netip.MustParseAddrPort(host)
		}
		return m
	}
	for name, published := range map[string][]driver.PublishedPort{
		"none": nil,
		"some": {
			{Network: "n1", Endpoint: "e1", Mapping: mapping(hostport.TCP, "0.0.0.0:8080", "10.0.0.2:80")},
			{Network: "n1", Endpoint: "e1", Mapping: mapping(hostport.UDP, "[::]:53", "[2001:db8::2]:53")},
			{Network: "n2", Endpoint: "e2", Mapping: mapping(hostport.SCTP, "", "10.1.0.2:65535")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, serve(t, newHandler(admin.Parts{Ports: &fakePorts{published: published}})))
			got, err := client.PublishedPorts(t.Context())
			if err != nil || !slices.Equal(got, published) {
				t.Errorf("got %v, %v, want %v", got, err, published)
			}
		})
	}
}
