package store_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mybridge/driver"
	"mybridge/internal/link"
	"mybridge/internal/store"
)

var (
	full = driver.Network{
		NetworkConfig: driver.NetworkConfig{
			ID: "n1", BridgeName: "br-web", MTU: 1400, Masquerade: true, Internal: true,
			IPv4: driver.Subnet{Pool: netip.MustParsePrefix("10.1.0.0/24"), Gateway: netip.MustParsePrefix("10.1.0.1/24")},
			IPv6: driver.Subnet{Pool: netip.MustParsePrefix("2001:db8::/64"), Gateway: netip.MustParsePrefix("2001:db8::1/64")},
		},
		Bridge: "br-web", OwnsBridge: true, BridgeMAC: link.MAC{2, 0, 0, 0, 0, 1}, Phase: driver.Ready,
	}
	// bare has the zero value wherever there may be one. Its ID begins as full's does.
	bare = driver.Network{NetworkConfig: driver.NetworkConfig{ID: "n11"}, Bridge: "mbb-n11", Phase: driver.Creating}
)

func endpointOf(network driver.NetworkID, id driver.EndpointID) driver.Endpoint {
	return driver.Endpoint{
		EndpointConfig: driver.EndpointConfig{
			Network: network, ID: id, MAC: link.MAC{2, 0, 0, 0, 0, 2},
			IPv4: netip.MustParsePrefix("10.1.0.5/24"), IPv6: netip.MustParsePrefix("2001:db8::5/64"),
		},
		ChosenMAC: link.MAC{2, 0, 0, 0, 0, 3}, Link: "mbv1", Peer: "mbp1", Phase: driver.Deleting,
	}
}

// wantNetworks compares what a freshly opened state loads.
func wantNetworks(t *testing.T, directory string, networks []driver.Network, endpoints []driver.Endpoint) {
	t.Helper()
	change(t, directory, func(s *store.Store) error {
		gotNetworks, gotEndpoints, err := s.LoadNetworks(context.Background())
		slices.SortFunc(gotNetworks, func(a, b driver.Network) int { return strings.Compare(string(a.ID), string(b.ID)) })
		slices.SortFunc(gotEndpoints, func(a, b driver.Endpoint) int {
			return strings.Compare(string(a.Network)+"/"+string(a.ID), string(b.Network)+"/"+string(b.ID))
		})
		if len(gotNetworks)+len(networks) > 0 && !reflect.DeepEqual(gotNetworks, networks) {
			t.Errorf("networks:\n got %+v\nwant %+v", gotNetworks, networks)
		}
		if len(gotEndpoints)+len(endpoints) > 0 && !reflect.DeepEqual(gotEndpoints, endpoints) {
			t.Errorf("endpoints:\n got %+v\nwant %+v", gotEndpoints, endpoints)
		}
		return err
	})
}

func TestNetworksOutliveReopening(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	small := driver.Endpoint{EndpointConfig: driver.EndpointConfig{Network: "n1", ID: "e2"}, Phase: driver.Ready}
	change(t, directory, func(s *store.Store) error {
		return errors.Join(s.PutNetwork(ctx, full), s.PutNetwork(ctx, bare), s.PutEndpoint(ctx, endpointOf("n1", "e1")), s.PutEndpoint(ctx, small))
	})
	wantNetworks(t, directory, []driver.Network{full, bare}, []driver.Endpoint{endpointOf("n1", "e1"), small})
}

func TestPutReplaces(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	network, endpoint := full, endpointOf("n1", "e1")
	network.Phase, endpoint.Phase = driver.Deleting, driver.Ready
	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.PutNetwork(ctx, full), s.PutNetwork(ctx, network),
			s.PutEndpoint(ctx, endpointOf("n1", "e1")), s.PutEndpoint(ctx, endpoint),
		)
	})
	wantNetworks(t, directory, []driver.Network{network}, []driver.Endpoint{endpoint})
}

// TestDeleteNetwork checks that its endpoints go with it and no others, not
// even those of a network whose ID begins alike.
func TestForgetNetwork(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	change(t, directory, func(s *store.Store) error {
		err := errors.Join(s.PutNetwork(ctx, full), s.PutNetwork(ctx, bare))
		for _, network := range []driver.NetworkID{"n", "n0", "n1", "n1.1", "n1-1", "n11", "n2"} {
			for _, id := range []driver.EndpointID{"e1", "e2"} {
				err = errors.Join(err, s.PutEndpoint(ctx, endpointOf(network, id)))
			}
		}
		return errors.Join(err, s.Forget(ctx, driver.Deletion{Network: "n1"}))
	})
	var want []driver.Endpoint
	for _, network := range []driver.NetworkID{"n", "n0", "n1-1", "n1.1", "n11", "n2"} {
		want = append(want, endpointOf(network, "e1"), endpointOf(network, "e2"))
	}
	wantNetworks(t, directory, []driver.Network{bare}, want)
}

func TestForgetEndpoint(t *testing.T) {
	directory, ctx := t.TempDir(), context.Background()
	change(t, directory, func(s *store.Store) error {
		return errors.Join(
			s.PutNetwork(ctx, full), s.PutEndpoint(ctx, endpointOf("n1", "e1")), s.PutEndpoint(ctx, endpointOf("n1", "e11")),
			s.PutEndpoint(ctx, endpointOf("n2", "e1")), s.Forget(ctx, driver.Deletion{Network: "n1", Endpoint: "e1"}),
		)
	})
	wantNetworks(t, directory, []driver.Network{full}, []driver.Endpoint{endpointOf("n1", "e11"), endpointOf("n2", "e1")})
}

func TestDeleteUnknown(t *testing.T) {
	s, ctx := open(t, t.TempDir()), context.Background()
	if err := s.Forget(ctx, driver.Deletion{Network: "n1"}); err != nil {
		t.Errorf("DeleteNetwork of an unknown network: got error %v, want none", err)
	}
	if err := s.Forget(ctx, driver.Deletion{Network: "n1", Endpoint: "e1"}); err != nil {
		t.Errorf("DeleteEndpoint of an unknown endpoint: got error %v, want none", err)
	}
}
