package ipam_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"mybridge/ipam"
)

// unusedWorld is a manager of two pools, of which the second has no network, at a
// time that passes by the test's will.
func unusedWorld(t *testing.T) (m *ipam.Manager, networks *fakeNetworks, c *clock, pools [2]ipam.Pool) {
	t.Helper()
	networks = &fakeNetworks{networks: map[netip.Prefix]string{}, endpoints: map[netip.Addr]string{}}
	c = newClock()
	m = open(t, newFakeState(), &fakeHost{}, func(config *ipam.Config) { config.Networks = networks })
	m.SetNow(c.now)
	pools = [2]ipam.Pool{needPool(t, m, "10.1.0.0/24"), needPool(t, m, "10.2.0.0/24")}
	networks.networks[pools[0].Subnet] = "shop"
	for _, pool := range pools {
		if _, err := requestGateway(m, pool.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	return m, networks, c, pools
}

// subjects are the unused pools and addresses, sorted.
func subjects(m *ipam.Manager) []string {
	var subjects []string
	for _, u := range m.Unused() {
		if u.Address.IsValid() {
			subjects = append(subjects, u.Address.String())
		} else {
			subjects = append(subjects, string(u.Pool))
		}
	}
	slices.Sort(subjects)
	return subjects
}

func wantUnused(t *testing.T, when string, m *ipam.Manager, want ...string) {
	t.Helper()
	if got := subjects(m); !slices.Equal(got, want) {
		t.Errorf("%s: unused are %q, want %q", when, got, want)
	}
}

// TestUnused wants what nobody of ours has, but for gateways and what is the swarm's.
func TestUnused(t *testing.T) {
	t.Parallel()
	m, networks, _, pools := unusedWorld(t)
	for _, pool := range pools {
		for range 2 {
			if _, err := requestNamed(m, pool.ID, "web"); err != nil {
				t.Fatal(err)
			}
		}
	}
	global := ipam.PoolRequest{Space: ipam.GlobalAddressSpace, Subnet: netip.MustParsePrefix("10.3.0.0/24")}
	if _, err := m.RequestPool(t.Context(), global); err != nil {
		t.Fatal(err)
	}
	networks.endpoints[netip.MustParseAddr("10.1.0.2")] = "endpoint e1"
	wantUnused(t, "in the beginning", m, "10.1.0.3", "10.2.0.2", "10.2.0.3", string(pools[1].ID))
	release(t, m, pools[0].ID, "10.1.0.3")
	wantUnused(t, "after a release", m, "10.2.0.2", "10.2.0.3", string(pools[1].ID))
}

// TestReleaseUnused wants only that released which still nobody has, and which is
// what was seen.
func TestReleaseUnused(t *testing.T) {
	t.Parallel()
	m, networks, c, pools := unusedWorld(t)
	address := netip.MustParseAddr("10.1.0.2")
	releaseBoth := func(moment time.Time) {
		t.Helper()
		if err := m.ReleaseUnusedLease(t.Context(), pools[0].ID, address, moment); err != nil {
			t.Fatal(err)
		}
		if err := m.ReleaseUnusedPool(t.Context(), pools[1].ID, moment); err != nil {
			t.Fatal(err)
		}
	}
	before := c.now()
	c.pass(time.Minute)
	release(t, m, pools[0].ID, "10.1.0.2")
	if err := m.ReleasePool(t.Context(), pools[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := requestDynamic(m, pools[0].ID); err != nil {
		t.Fatal(err)
	}
	needPool(t, m, "10.2.0.0/24")
	all := []string{"10.1.0.2", string(pools[1].ID)}
	releaseBoth(before)
	wantUnused(t, "given again after they were seen", m, all...)

	networks.endpoints[address], networks.networks[pools[1].Subnet] = "endpoint e1", "other"
	releaseBoth(c.now())
	delete(networks.endpoints, address)
	delete(networks.networks, pools[1].Subnet)
	wantUnused(t, "given to somebody meanwhile", m, all...)

	releaseBoth(c.now())
	wantUnused(t, "unused", m)
	needPool(t, m, "10.2.0.0/24")
	if got, err := requestExplicit(m, pools[0].ID, "10.1.0.2"); err != nil {
		t.Errorf("the address is not given again: %v, %v", got, err)
	}
	releaseBoth(before) // of what is not there, or another
	if err := m.ReleaseUnusedLease(t.Context(), pools[0].ID, netip.MustParseAddr("10.1.0.1"), c.now()); err != nil {
		t.Fatal(err)
	}
	if _, err := requestExplicit(m, pools[0].ID, "10.1.0.1"); err == nil {
		t.Error("the gateway's address was released")
	}
}

// TestLeaseInUse wants an address that a link has to be given to nobody else.
func TestLeaseInUse(t *testing.T) {
	t.Parallel()
	m, _, _, pools := unusedWorld(t)
	address := netip.MustParseAddr("10.1.0.2")
	for range 2 {
		if err := m.LeaseInUse(t.Context(), address); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := requestDynamic(m, pools[0].ID); err != nil || got.Addr() == address {
		t.Errorf("got %v, %v", got, err)
	}
	if err := m.LeaseInUse(t.Context(), netip.MustParseAddr("192.0.2.1")); err != nil {
		t.Errorf("outside of all pools: %v", err)
	}
}
