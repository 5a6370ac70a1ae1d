package driver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/hostport"
)

// dualStack is a network and an endpoint on it, with IPv4, IPv6 or both.
func dualStack(t *testing.T, change func(*NetworkConfig, *EndpointConfig)) (*world, *Driver) {
	t.Helper()
	c := config("n1", "10.1.0.0/24")
	c.IPv6 = subnet("fd00::/64")
	e := endpoint("n1", "e1", "10.1.0.2/24")
	e.IPv6 = netip.MustParsePrefix("fd00::2/64")
	change(&c, &e)
	w := newWorld()
	d := w.open(t)
	must(t, d.CreateNetwork(t.Context(), c))
	_, err := d.CreateEndpoint(t.Context(), e)
	must(t, err)
	_, err = d.Join(t.Context(), "n1", "e1", "sandbox-e1")
	must(t, err)
	return w, d
}

func onlyIPv4(_ *NetworkConfig, e *EndpointConfig) { e.IPv6 = netip.Prefix{} }
func onlyIPv6(_ *NetworkConfig, e *EndpointConfig) { e.IPv4 = netip.Prefix{} }

// TestWherePortsArePublished wants the host addresses that users of the engine's
// own driver expect.
func TestWherePortsArePublished(t *testing.T) {
	const everywhere4, everywhere6 = "80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080"
	bind := func(address string) func(*NetworkConfig, *EndpointConfig) {
		return func(c *NetworkConfig, _ *EndpointConfig) { c.HostBinding = netip.MustParseAddr(address) }
	}
	for _, test := range []struct {
		name     string
		change   func(*NetworkConfig, *EndpointConfig)
		host     string
		noIPv6To bool
		want     []string
	}{
		{"dual stack", func(*NetworkConfig, *EndpointConfig) {}, "", false, []string{everywhere4, everywhere6}},
		{"IPv4 only is reached by IPv6 too", onlyIPv4, "", false, []string{everywhere4, everywhere6}},
		{"but not where another endpoint has IPv6", onlyIPv4, "", true, []string{everywhere4}},
		{"IPv6 only", onlyIPv6, "", false, []string{everywhere6}},
		{"all IPv4 addresses by name", onlyIPv4, "0.0.0.0", false, []string{everywhere4}},
		{"loopback", onlyIPv4, "127.0.0.1", false, []string{"80/tcp -> 127.0.0.1:8080"}},
		{"IPv6 loopback of an IPv4 container", onlyIPv4, "::1", false, []string{"80/tcp -> [::1]:8080"}},
		{"IPv4 address of an IPv6 container", onlyIPv6, "192.0.2.1", false, []string{"80/tcp -> 192.0.2.1:8080"}},
		{"the network's binding", bind("192.0.2.1"), "", false, []string{"80/tcp -> 192.0.2.1:8080"}},
		{"the network's binding to IPv6", bind("2001:db8::1"), "", false, []string{"80/tcp -> [2001:db8::1]:8080"}},
		{"the binding to all", bind("0.0.0.0"), "", false, []string{everywhere4, everywhere6}},
		{"a binding is not for who names an address", bind("192.0.2.1"), "0.0.0.0", false, []string{everywhere4}},
		{"routed is reached at its own address", func(c *NetworkConfig, e *EndpointConfig) {
			c.IPv6.Mode = firewall.Routed
			e.OpenPorts = publication(8080).Ports
		}, "", false, []string{everywhere4, "80/tcp at fd00::2"}},
		{"internal publishes nothing", func(c *NetworkConfig, _ *EndpointConfig) { c.Internal = true }, "", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, d := dualStack(t, test.change)
			asked := publication(8080)
			asked.NoIPv6ToIPv4 = test.noIPv6To
			if test.host != "" {
				asked.Ports[0].Host = netip.MustParseAddr(test.host)
			}
			must(t, d.Publish(t.Context(), "n1", "e1", asked))
			ports, err := d.PublishedPorts(t.Context())
			must(t, err)
			var got []string
			for _, port := range ports {
				got = append(got, port.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("published are %v, want %v", got, test.want)
			}
		})
	}
}

// TestPortsOutliveRestart wants the same ports held and open after a restart, and
// none after the endpoint is gone.
func TestPortsOutliveRestart(t *testing.T) {
	w, d := dualStack(t, onlyIPv4)
	must(t, d.Publish(t.Context(), "n1", "e1", publication(0)))
	held := fmt.Sprint(w.held)
	d = w.open(t)
	if got := fmt.Sprint(w.held); got != held {
		t.Errorf("after the restart %s are held, want %s", got, held)
	}
	w.check(t, "after the restart")
	must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
	w.check(t, "after the endpoint")
}

// TestPortsInUse wants the call to fail and say so, and the endpoint as it was.
func TestPortsInUse(t *testing.T) {
	w, d := dualStack(t, onlyIPv4)
	w.held["other"] = []hostport.Mapping{{Protocol: hostport.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080")}}
	err := d.Publish(t.Context(), "n1", "e1", publication(8080))
	if err == nil || !strings.Contains(err.Error(), "8080") {
		t.Errorf("publishing a port in use: %v", err)
	}
	delete(w.held, "other")
	w.check(t, "after the failure")
	must(t, d.Publish(t.Context(), "n1", "e1", publication(8080)))
}

// TestPublishedTwice wants a repeated call with other ports (engine 29 sends it so)
// to keep the number of a port that could have any.
func TestPublishedTwice(t *testing.T) {
	w, d := dualStack(t, onlyIPv4)
	must(t, d.Publish(t.Context(), "n1", "e1", publication(0)))
	again := publication(0)
	again.NoIPv6ToIPv4 = true
	must(t, d.Publish(t.Context(), "n1", "e1", again))
	if got := fmt.Sprint(w.held["e1"]); got != "[80/tcp -> 0.0.0.0:49153]" {
		t.Errorf("held are %s, want the port it had, on IPv4 alone", got)
	}
	w.check(t, "published twice")
}
