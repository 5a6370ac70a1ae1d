// Package scale holds the tests that make as many of something as a large host has.
package scale

import (
	"io"
	"net/netip"
	"testing"

	"github.com/gaissmai/bart"
	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/link"
	"mybridge/internal/store"
	"mybridge/ipam"
	"mybridge/test/kernel"
)

const networks = 3000

// TestManyAutomaticPools gives 3,000 networks a pool and a gateway, twice, on a
// host that has routes of its own in the block they come from, and wants none to
// overlap another or a route. The bridges are left out: to remove one takes the
// kernel 16 ms, and everybody else waits meanwhile.
func TestManyAutomaticPools(t *testing.T) {
	kernel.Namespace(t)
	routes := []string{"10.96.7.0/24", "10.97.0.0/17", "10.100.0.0/16", "10.104.13.128/25"}
	for _, route := range routes {
		kernel.Run(t, "ip", "route", "add", "unreachable", route)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	state, err := store.Open(t.TempDir())
	must(t, err)
	defer state.Close()
	links, err := link.Open("scale", log)
	must(t, err)
	defer links.Close()
	manager, err := ipam.Open(t.Context(), ipam.Config{State: state, Host: links, Networks: driver.NewOwners(nil, nil), Log: log})
	must(t, err)

	for range 2 {
		var taken bart.Lite
		for _, route := range routes {
			taken.Insert(netip.MustParsePrefix(route))
		}
		pools := make([]ipam.Pool, networks)
		for i := range pools {
			pools[i], err = manager.RequestPool(t.Context(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
			must(t, err)
			if taken.OverlapsPrefix(pools[i].Subnet) {
				t.Errorf("pool %s overlaps another or a route of the host", pools[i].Subnet)
			}
			taken.Insert(pools[i].Subnet)
			_, err = manager.RequestAddress(t.Context(), ipam.AddressRequest{Pool: pools[i].ID, Gateway: true})
			must(t, err)
		}
		for _, pool := range pools {
			must(t, manager.ReleasePool(t.Context(), pool.ID))
		}
		if left, _ := manager.Dump(); len(left) > 0 {
			t.Errorf("%d pools are left", len(left))
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
