package driver

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"mybridge/internal/link"
)

func TestCreateNetworkRefusals(t *testing.T) {
	named := func(c NetworkConfig, bridge link.Name) NetworkConfig { c.BridgeName = bridge; return c }
	for name, test := range map[string]struct {
		config NetworkConfig
		want   error
	}{
		"same subnet":          {config("n2", "10.1.0.0/24"), ErrConflict},
		"wider subnet":         {config("n2", "10.0.0.0/8"), ErrConflict},
		"narrower subnet":      {config("n2", "10.1.0.128/25"), ErrConflict},
		"same bridge":          {named(config("n2", "10.2.0.0/24"), "br-one"), ErrConflict},
		"same ID, other rest":  {named(config("n1", "10.3.0.0/24"), "br-one"), ErrExists},
		"subnet of the host":   {config("n2", "10.9.0.0/24"), ErrConflict},
		"gateway outside":      {NetworkConfig{ID: "n2", IPv4: Subnet{Pool: netip.MustParsePrefix("10.2.0.0/24"), Gateway: netip.MustParsePrefix("10.3.0.1/24")}}, ErrInvalid},
		"IPv6 in a narrow MTU": {NetworkConfig{ID: "n2", MTU: 1000, IPv6: subnet("fd00::/64")}, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.hostSubnet = netip.MustParsePrefix("10.9.0.0/24")
			d := w.open(t)
			must(t, d.CreateNetwork(t.Context(), named(config("n1", "10.1.0.0/24"), "br-one")))
			if err := d.CreateNetwork(t.Context(), test.config); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			w.check(t, "after the refusal")
			if len(w.networks) != 1 || len(w.bridges) != 1 {
				t.Errorf("left behind: networks %v, bridges %v", w.networks, w.bridges)
			}
		})
	}
}

func TestForeignBridgeIsUsedAndKept(t *testing.T) {
	w := newWorld()
	w.bridges["lan0"] = ""
	d := w.open(t)
	c := config("n1", "10.1.0.0/24")
	c.BridgeName = "lan0"
	must(t, d.CreateNetwork(t.Context(), c))
	if w.bridges["lan0"] != "" {
		t.Error("the bridge was made ours")
	}
	d = w.open(t) // the record still says that it is not ours
	must(t, deleteNetwork(t.Context(), d, "n1"))
	if _, ok := w.bridges["lan0"]; !ok {
		t.Error("the bridge was deleted")
	}
}

func TestRebuiltAfterReboot(t *testing.T) {
	w := newWorld()
	d := w.open(t)
	must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
	clear(w.bridges)
	clear(w.ownedBridges)
	clear(w.rules)
	w.forwarding = false
	w.open(t)
	w.check(t, "after the reboot")
	if !w.forwarding {
		t.Error("forwarding is off")
	}
}

func TestRepeatedCalls(t *testing.T) {
	w := newWorld()
	d := w.open(t)
	for range 2 {
		must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
	}
	first, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
	must(t, err)
	again, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
	must(t, err)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("repeated, the endpoint is %+v, first it was %+v", again, first)
	}
	attached, err := d.Join(t.Context(), "n1", "e1", "sandbox-e1")
	must(t, err)
	attachedAgain, err := d.Join(t.Context(), "n1", "e1", "sandbox-e1")
	must(t, err)
	if attached != attachedAgain {
		t.Errorf("repeated, the attachment is %+v, first it was %+v", attachedAgain, attached)
	}
	for range 2 {
		must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
	}
	for range 2 {
		must(t, deleteNetwork(t.Context(), d, "n1"))
	}
	w.checkEmpty(t, "after all")
}

func TestCreateEndpointRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		config EndpointConfig
		want   error
	}{
		"unknown network":       {endpoint("n2", "e2", "10.1.0.3/24"), ErrUnknownNetwork},
		"address taken":         {endpoint("n1", "e2", "10.1.0.2/24"), ErrConflict},
		"address of gateway":    {endpoint("n1", "e2", "10.1.0.1/24"), ErrConflict},
		"address outside":       {endpoint("n1", "e2", "10.2.0.2/24"), ErrInvalid},
		"IPv6 where there none": {EndpointConfig{Network: "n1", ID: "e2", IPv6: netip.MustParsePrefix("fd00::2/64")}, ErrInvalid},
		"same ID, other rest":   {endpoint("n1", "e1", "10.1.0.3/24"), ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			d := w.open(t)
			must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
			_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
			must(t, err)
			if _, err := d.CreateEndpoint(t.Context(), test.config); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if len(w.endpoints) != 1 {
				t.Errorf("left behind: %v", w.endpoints)
			}
		})
	}
}

func TestJoinOfUnknown(t *testing.T) {
	d := newWorld().open(t)
	if _, err := d.Join(t.Context(), "n1", "e1", "sandbox-e1"); !errors.Is(err, ErrUnknownNetwork) {
		t.Errorf("got %v, want %v", err, ErrUnknownNetwork)
	}
	must(t, d.CreateNetwork(t.Context(), config("n1", "10.1.0.0/24")))
	if _, err := d.Join(t.Context(), "n1", "e1", "sandbox-e1"); !errors.Is(err, ErrUnknownEndpoint) {
		t.Errorf("got %v, want %v", err, ErrUnknownEndpoint)
	}
}

func TestAttachment(t *testing.T) {
	gateway := netip.MustParseAddr("10.1.0.1")
	for name, test := range map[string]struct {
		network  func(*NetworkConfig)
		gateway  netip.Addr
		noEngine bool
	}{
		"plain":      {func(*NetworkConfig) {}, gateway, false},
		"internal":   {func(c *NetworkConfig) { c.Internal = true }, netip.Addr{}, false},
		"no gateway": {func(c *NetworkConfig) { c.IPv4.Gateway = netip.Prefix{} }, netip.Addr{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newWorld().open(t)
			c := config("n1", "10.1.0.0/24")
			test.network(&c)
			must(t, d.CreateNetwork(t.Context(), c))
			_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
			must(t, err)
			got, err := d.Join(t.Context(), "n1", "e1", "sandbox-e1")
			must(t, err)
			if got.GatewayIPv4 != test.gateway || got.NoGatewayService != test.noEngine || got.GatewayIPv6.IsValid() {
				t.Errorf("got %+v, want gateway %s, no gateway service %v", got, test.gateway, test.noEngine)
			}
		})
	}
}

// TestLinkNames wants names that people find, and that differ where IDs begin
// alike.
func TestLinkNames(t *testing.T) {
	w := newWorld()
	d := w.open(t)
	ids := []string{strings.Repeat("0", 63) + "1", strings.Repeat("0", 63) + "2"}
	must(t, d.CreateNetwork(t.Context(), config(ids[0], "10.1.0.0/24")))
	must(t, d.CreateNetwork(t.Context(), config(ids[1], "10.2.0.0/24")))
	if _, ok := w.bridges["mb-000000000000"]; !ok || len(w.bridges) != 2 {
		t.Errorf("bridges are %v, want two and mb-000000000000 among them", w.bridges)
	}
	for name := range w.bridges {
		if _, err := link.ParseName("bridge", string(name)); err != nil {
			t.Error(err)
		}
	}
	for i, id := range ids {
		_, err := d.CreateEndpoint(t.Context(), endpoint(ids[0], id, []string{"10.1.0.2/24", "10.1.0.3/24"}[i]))
		must(t, err)
		_, err = d.Join(t.Context(), NetworkID(ids[0]), EndpointID(id), "sandbox")
		must(t, err)
	}
	if len(w.veths) != 2 {
		t.Errorf("links are %v, want two", w.veths)
	}
}

func TestParseIDs(t *testing.T) {
	for _, bad := range []string{"", "-x", ".x", "a b", "a/b", "../etc", "a\x00b", "ü", "a\n", strings.Repeat("a", 65)} {
		if _, err := ParseNetworkID(bad); err == nil || !strings.Contains(err.Error(), "NetworkID") {
			t.Errorf("network ID %q: got %v, want an error that names the field", bad, err)
		}
		if _, err := ParseEndpointID(bad); err == nil || !strings.Contains(err.Error(), "EndpointID") {
			t.Errorf("endpoint ID %q: got %v, want an error that names the field", bad, err)
		}
	}
	id, err := ParseNetworkID("a9c5yb0z1vxyz2l9rbs5hxmhd")
	if err != nil || id.Short() != "a9c5yb0z1vxy" {
		t.Errorf("got %q, %v", id.Short(), err)
	}
}
