package driver

import (
	"maps"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"mybridge/internal/firewall"
	"mybridge/internal/link"
)

// everySetting has all that a note can hold.
func everySetting() NetworkConfig {
	c := config("n1", "10.1.0.0/24")
	c.BridgeName, c.MTU, c.Masquerade, c.Internal = "br-one", 1400, false, true
	c.IPv6 = subnet("fd00::/64")
	c.IPv4.Managed, c.IPv6.Managed = true, true
	c.NoICC, c.AllowSpoofing, c.InhibitIPv4 = true, true, true
	c.IPv4.Mode, c.IPv6.Mode = firewall.Routed, firewall.Isolated
	return c
}

// hostSettings has the rest of it: all together are too long for an alias.
func hostSettings() NetworkConfig {
	c := config("n1", "10.1.0.0/24")
	c.HostBinding = netip.MustParseAddr("127.0.0.1")
	c.InterfacePrefix = "lan"
	c.IPv4.Source, c.IPv6.Source = netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")
	c.TrustedInterfaces = []link.Name{"eth1", "eth2"}
	return c
}

// TestNoteHasRoom wants the most important settings in an alias that has no room
// for all.
func TestNoteHasRoom(t *testing.T) {
	c := everySetting()
	for range 20 {
		c.TrustedInterfaces = append(c.TrustedInterfaces, "fifteencharacte")
	}
	n := Network{NetworkConfig: c, Bridge: c.BridgeName}
	note := n.note()
	if len(note) > noteLength || !strings.Contains(note, noteInternal+" "+noteNoICC) {
		t.Errorf("the note has %d bytes: %s", len(note), note)
	}
	read := Network{Bridge: c.BridgeName}
	must(t, read.readNote(note))
}

// TestStateLost wants networks and endpoints back from their links as they were.
func TestStateLost(t *testing.T) {
	for name, c := range map[string]NetworkConfig{
		"plain":         config("n1", "10.1.0.0/24"),
		"every setting": everySetting(),
		"host settings": hostSettings(),
		"no gateway":    {ID: "n1", Masquerade: true, IPv4: Subnet{Pool: netip.MustParsePrefix("10.1.0.0/24")}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			d := w.open(t)
			must(t, d.CreateNetwork(t.Context(), c))
			_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
			must(t, err)
			_, err = d.Join(t.Context(), "n1", "e1", "sandbox-e1")
			must(t, err)
			before := maps.Clone(w.networks)
			clear(w.networks)
			clear(w.endpoints)

			d = w.open(t)
			if !reflect.DeepEqual(w.networks, before) {
				t.Errorf("recovered are %+v, want %+v", w.networks, before)
			}
			if d.Recovered() != 2 {
				t.Errorf("recovered are %d, want a network and an endpoint", d.Recovered())
			}
			w.check(t, "after the loss")
			if owner, live := d.EndpointOf(netip.MustParseAddr("10.1.0.2")); !live {
				t.Errorf("10.1.0.2 belongs to %q, want the endpoint", owner)
			}
			if err := d.CreateNetwork(t.Context(), c); err != nil {
				t.Errorf("the network repeated: %v", err)
			}
			if d = w.open(t); d.Recovered() != 0 {
				t.Errorf("the next start recovers %d again", d.Recovered())
			}
			must(t, deleteEndpoint(t.Context(), d, "n1", "e1"))
			must(t, deleteNetwork(t.Context(), d, "n1"))
			w.checkEmpty(t, "after all")
		})
	}
}

// TestStateLostOnForeignBridge wants the endpoint's addresses known, although the
// bridge tells nothing, and the bridge left alone.
func TestStateLostOnForeignBridge(t *testing.T) {
	w := newWorld()
	w.bridges["lan0"] = ""
	d := w.open(t)
	c := config("n1", "10.1.0.0/24")
	c.BridgeName = "lan0"
	must(t, d.CreateNetwork(t.Context(), c))
	_, err := d.CreateEndpoint(t.Context(), endpoint("n1", "e1", "10.1.0.2/24"))
	must(t, err)
	_, err = d.Join(t.Context(), "n1", "e1", "sandbox-e1")
	must(t, err)
	clear(w.networks)
	clear(w.endpoints)
	d = w.open(t)
	var held []netip.Addr
	d.EachHolding(func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr) {
		held = append(held, endpoints...)
	})
	if len(held) != 1 || held[0] != netip.MustParseAddr("10.1.0.2") {
		t.Errorf("held are %v, want 10.1.0.2", held)
	}
	must(t, deleteNetwork(t.Context(), d, "n1"))
	if _, ok := w.bridges["lan0"]; !ok {
		t.Error("the bridge was deleted")
	}
}
