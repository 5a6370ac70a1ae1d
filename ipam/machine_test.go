package ipam_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mybridge/ipam"
)

var errInjected = errors.New("the disk is full")

// machine drives a manager and the model through the same calls.
type machine struct {
	model      *model
	state      *fakeState
	host       *fakeHost
	networks   *fakeNetworks
	clock      *clock
	reuseDelay time.Duration
	manager    *ipam.Manager
}

// machinePools are small enough to come around.
var machinePools = []string{"base=10.96.0.0/22,size=24", "base=10.100.0.0/29,size=30", "base=fd00:96::/62,size=64"}

// TestAgainstModel drives a manager and the model through the same calls, with
// time that passes, restarts, endpoints that live and disks that fail, and
// compares answers, dumps and what is kept.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			model:      newModel(machinePools...),
			state:      newFakeState(),
			host:       &fakeHost{},
			networks:   &fakeNetworks{endpoints: map[netip.Addr]string{}},
			clock:      newClock(),
			reuseDelay: rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "reuse delay"),
		}
		m.open(t)
		t.Repeat(map[string]func(*rapid.T){
			"request a pool":            m.requestPool,
			"request an automatic one":  m.requestAutomaticPool,
			"release a pool":            m.releasePool,
			"request an address":        m.requestDynamic,
			"request more addresses":    m.requestDynamic, // more likely
			"request one more address":  m.requestDynamic,
			"request that address":      m.requestExplicit,
			"request a gateway":         m.requestGateway,
			"fill a pool":               m.fill,
			"release an address":        m.releaseAddress,
			"release another":           m.releaseAddress,
			"release one more":          m.releaseAddress,
			"load":                      m.load,
			"release a reservation":     m.release,
			"an endpoint lives or dies": m.changeEndpoint,
			"host":                      m.changeHost,
			"time passes":               m.pass,
			"restart":                   m.restart,
			"":                          m.compare,
		})
	})
}

func (m *machine) open(t failer) {
	m.manager = open(t, m.state, m.host, func(config *ipam.Config) {
		config.Networks, config.ReuseDelay = m.networks, m.reuseDelay
		config.AddressPools = append(config.AddressPools, m.model.automatic...)
	})
	m.manager.SetNow(m.clock.now)
}

// restart forgets all but what the state keeps.
func (m *machine) restart(t *rapid.T) {
	m.open(t)
	m.model.restart()
}

func (m *machine) pass(t *rapid.T) {
	m.clock.pass(rapid.SampledFrom([]time.Duration{
		400 * time.Millisecond, time.Second, 59 * time.Second, time.Minute, time.Hour, -90 * time.Second,
	}).Draw(t, "time"))
}

func (m *machine) now() int64 { return m.clock.now().Unix() }

// failing makes the next change fail, sometimes, and says whether it did.
func (m *machine) failing(t *rapid.T) bool {
	if rapid.IntRange(0, 4).Draw(t, "disk") != 0 {
		return false
	}
	m.state.failNext(errInjected)
	return true
}

// deadline returns a context that is past its deadline, sometimes, and the error
// that a request then gets after it was kept.
func deadline(t *rapid.T) (context.Context, error) {
	if rapid.IntRange(0, 9).Draw(t, "deadline") != 0 {
		return context.Background(), nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, ctx.Err()
}

// check compares an error with the one wanted, nil for none; of the causes the
// first that is one counts. It reports whether the call is to have had its effect.
func (m *machine) check(t *rapid.T, what string, got, want error, failing bool) bool {
	m.state.failNext(nil)
	if want == nil && failing {
		want = errInjected
	}
	if want == nil && got != nil || !errors.Is(got, want) {
		t.Fatalf("%s: got error %v, want %v", what, got, want)
	}
	return want == nil
}

func (m *machine) requestPool(t *rapid.T) {
	request := ipam.PoolRequest{
		Space:  rapid.SampledFrom([]ipam.AddressSpace{ipam.LocalAddressSpace, ipam.GlobalAddressSpace}).Draw(t, "space"),
		Subnet: rapid.SampledFrom(modelSubnets).Draw(t, "subnet"),
	}
	request.IPv6 = request.Subnet.Addr().Is6()
	wantRange := request.Subnet
	if rapid.Bool().Draw(t, "has range") {
		bits := rapid.IntRange(request.Subnet.Bits(), request.Subnet.Addr().BitLen()).Draw(t, "range bits")
		inside := request.Subnet.Addr()
		for range rapid.IntRange(0, min(1<<min(inside.BitLen()-request.Subnet.Bits(), 8)-1, 40)).Draw(t, "range at") {
			inside = inside.Next()
		}
		request.Range, _ = inside.Prefix(bits)
		wantRange = request.Range
	}
	others := m.model.overlapped(request.Subnet)
	var want error
	if len(others) > 0 {
		want = ipam.ErrOverlap
	}
	failing := m.failing(t)
	ctx, late := deadline(t)
	got, err := m.manager.RequestPool(ctx, request)
	if want == nil && !failing {
		want = late
	}
	if !m.check(t, "RequestPool", err, want, failing) {
		if len(others) > 0 && !slices.ContainsFunc(others, func(p netip.Prefix) bool { return strings.Contains(err.Error(), p.String()) }) {
			t.Fatalf("RequestPool: error %q names none of %v", err, others)
		}
		return
	}
	id := ipam.NewPoolID(request.Space, request.Subnet)
	if got.ID != id || got.Subnet != request.Subnet || got.Range != wantRange {
		t.Fatalf("RequestPool = %+v, want ID %s, subnet %s, range %s", got, id, request.Subnet, wantRange)
	}
	m.model.addPool(id, got.Subnet, got.Range)
}

func (m *machine) requestAutomaticPool(t *rapid.T) {
	ipv6 := rapid.IntRange(0, 3).Draw(t, "ipv6") == 0
	want := m.model.nextSubnet(ipv6, m.host.used)
	var wantErr error
	if !want.IsValid() {
		wantErr = ipam.ErrNoPoolLeft
	}
	failing := m.failing(t)
	got, err := m.manager.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, IPv6: ipv6})
	if !m.check(t, "automatic RequestPool", err, wantErr, failing) {
		return
	}
	if got.Subnet != want || got.Range != want {
		t.Fatalf("automatic RequestPool = %+v, want subnet and range %s", got, want)
	}
	m.model.addPool(got.ID, want, want)
}

func (m *machine) releasePool(t *rapid.T) {
	id, p := m.somePool(t)
	failing := m.failing(t) && p != nil
	if m.check(t, "ReleasePool", m.manager.ReleasePool(context.Background(), id), nil, failing) {
		m.model.removePool(id)
	}
}

func (m *machine) changeHost(t *rapid.T) {
	m.host.used = rapid.SliceOfN(rapid.SampledFrom(prefixes(
		"10.96.0.0/24", "10.96.1.0/24", "10.96.2.128/25", "10.96.0.0/16", "172.17.0.0/16", "10.0.0.0/8", "10.96.0.7/32", "fe80::/64",
		"10.100.0.4/32", "fd00:96::/64", "fd00:96:0:2::1/128",
	)), 0, 3).Draw(t, "used")
}

// compare holds the dump and the kept records against the model.
func (m *machine) compare(t *rapid.T) {
	dumped, left := m.manager.Dump()
	want, wantLeft := m.model.bitmaps()
	if !maps.Equal(dumped, want) || !slices.Equal(left, wantLeft) {
		t.Fatalf("Dump:\n got %v, left out %v\nwant %v, left out %v", dumped, left, want, wantLeft)
	}
	if len(m.state.pools) != len(m.model.pools) || len(m.state.reservations) != len(m.model.reservations) {
		t.Fatalf("kept are %d pools and %d reservations, want %d and %d",
			len(m.state.pools), len(m.state.reservations), len(m.model.pools), len(m.model.reservations))
	}
	for id, p := range m.model.pools {
		kept := m.state.leases[id]
		for a, want := range p.leases {
			lease, there := kept[a]
			got := modelLease{kind: lease.Kind, asked: lease.Asked, name: lease.Name, since: lease.Since.Unix()}
			if !lease.Ended.IsZero() {
				got.ended = lease.Ended.Unix()
			}
			if !there || got != want || lease.Pool != id || lease.Address != a {
				t.Fatalf("kept lease of %s in %s is %+v, want %+v", a, id, lease, want)
			}
		}
		if len(kept) != len(p.leases) {
			t.Fatalf("pool %s: %d leases are kept, want %d", id, len(kept), len(p.leases))
		}
	}
}
