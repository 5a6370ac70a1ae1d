package ipam_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/gaissmai/bart"
	"github.com/sirupsen/logrus"

	"mybridge/ipam"
)

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// fakeHost uses the prefixes given, and its links carry the addresses given.
type fakeHost struct {
	used  []netip.Prefix
	inUse map[netip.Addr]string
	err   error
}

func (h *fakeHost) UsedPrefixes(context.Context) (*bart.Lite, error) {
	used := new(bart.Lite)
	for _, prefix := range h.used {
		used.Insert(prefix)
	}
	return used, h.err
}

func (h *fakeHost) AddressesInUse(context.Context) (map[netip.Addr]string, error) {
	return h.inUse, h.err
}

// fakeNetworks has the networks and the endpoints given.
type fakeNetworks struct {
	networks  map[netip.Prefix]string
	endpoints map[netip.Addr]string
	holdings  []holding
	// leaving are addresses that do not get free, and why.
	leaving map[netip.Addr]error
}

type holding struct {
	subnet    netip.Prefix
	gateway   netip.Addr
	endpoints []netip.Addr
}

func (n *fakeNetworks) EachHolding(yield func(subnet netip.Prefix, gateway netip.Addr, endpoints []netip.Addr)) {
	for _, h := range n.holdings {
		yield(h.subnet, h.gateway, h.endpoints)
	}
}

func (n *fakeNetworks) NetworkOf(subnet netip.Prefix) (string, bool) {
	network, found := n.networks[subnet]
	return network, found
}

func (n *fakeNetworks) AwaitFree(_ context.Context, address netip.Addr) error {
	return n.leaving[address]
}

func (n *fakeNetworks) EndpointOf(address netip.Addr) (string, bool) {
	endpoint, found := n.endpoints[address]
	return endpoint, found
}

func quiet() logrus.FieldLogger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// open returns a manager of what state keeps.
func open(t failer, state ipam.State, host ipam.Host, changes ...func(*ipam.Config)) *ipam.Manager {
	t.Helper()
	config := ipam.Config{State: state, Host: host, Networks: &fakeNetworks{}, Log: quiet()}
	for _, change := range changes {
		change(&config)
	}
	m, err := ipam.Open(context.Background(), config)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return m
}

// newManager returns a manager that keeps nothing yet, on a host that uses nothing.
func newManager(t failer) *ipam.Manager {
	t.Helper()
	return open(t, newFakeState(), &fakeHost{})
}

// needPool requests the pool of subnet, with the range in it if one is given
// that is not empty.
func needPool(t failer, m *ipam.Manager, subnet string, addressRange ...string) ipam.Pool {
	t.Helper()
	request := ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix(subnet)}
	for _, r := range addressRange {
		if r != "" {
			request.Range = netip.MustParsePrefix(r)
		}
	}
	request.IPv6 = request.Subnet.Addr().Is6()
	pool, err := m.RequestPool(context.Background(), request)
	if err != nil {
		t.Fatalf("RequestPool(%s): %v", subnet, err)
	}
	return pool
}

func requestDynamic(m *ipam.Manager, pool ipam.PoolID) (netip.Prefix, error) {
	return m.RequestAddress(context.Background(), ipam.AddressRequest{Pool: pool})
}

// requestNamed asks for a dynamic address for the endpoint of that name.
func requestNamed(m *ipam.Manager, pool ipam.PoolID, name string) (netip.Prefix, error) {
	return m.RequestAddress(context.Background(), ipam.AddressRequest{Pool: pool, Name: name})
}

func requestExplicit(m *ipam.Manager, pool ipam.PoolID, address string) (netip.Prefix, error) {
	return m.RequestAddress(context.Background(), ipam.AddressRequest{Pool: pool, Address: netip.MustParseAddr(address)})
}

// requestGateway asks for a gateway, for the first free one where address is empty.
func requestGateway(m *ipam.Manager, pool ipam.PoolID, address string) (netip.Prefix, error) {
	request := ipam.AddressRequest{Pool: pool, Gateway: true}
	if address != "" {
		request.Address = netip.MustParseAddr(address)
	}
	return m.RequestAddress(context.Background(), request)
}

// release gives the addresses back.
func release(t failer, m *ipam.Manager, pool ipam.PoolID, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		if err := m.ReleaseAddress(context.Background(), pool, netip.MustParseAddr(a)); err != nil {
			t.Fatalf("ReleaseAddress(%s): %v", a, err)
		}
	}
}

// drainPool requests dynamic addresses until none is left and returns them.
func drainPool(t failer, m *ipam.Manager, pool ipam.PoolID) []string {
	t.Helper()
	var given []string
	for range 200_000 {
		address, err := requestDynamic(m, pool)
		if err != nil {
			if !errors.Is(err, ipam.ErrExhausted) {
				t.Fatalf("after %d addresses: got error %v, want ErrExhausted", len(given), err)
			}
			return given
		}
		given = append(given, address.String())
	}
	t.Fatalf("pool %s gave %d addresses and is not exhausted", pool, len(given))
	return nil
}

// needBitmaps reads the JSON form of a bitmap file.
func needBitmaps(t failer, file string) ipam.Bitmaps {
	t.Helper()
	bitmaps, err := ipam.ReadBitmaps(strings.NewReader(file))
	if err != nil {
		t.Fatalf("ReadBitmaps(%.60s): %v", file, err)
	}
	return bitmaps
}

// load reserves what is taken in the bitmap file.
func load(t failer, m *ipam.Manager, file string) {
	t.Helper()
	if err := m.Load(context.Background(), needBitmaps(t, file)); err != nil {
		t.Fatalf("Load(%.60s): %v", file, err)
	}
}

// bitsOf is a bitmap of length characters, 1 at the host numbers given.
func bitsOf(length int, hosts ...int) string {
	b := []byte(strings.Repeat("0", length))
	for _, n := range hosts {
		b[n-1] = '1'
	}
	return string(b)
}

// wantError checks that err is want and that its text has each of the parts.
func wantError(t *testing.T, what string, err, want error, parts ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got error %q, want it to name %q", what, err, part)
		}
	}
}

// wantDump checks what is dumped, subnet by subnet.
func wantDump(t *testing.T, m *ipam.Manager, want map[string]string) {
	t.Helper()
	dumped, _ := m.Dump()
	for subnet, bits := range dumped {
		if w, ok := want[subnet.String()]; !ok || w != bits {
			t.Errorf("dump of %s:\n got %s\nwant %q", subnet, bits, w)
		}
	}
	for subnet := range want {
		if _, ok := dumped[netip.MustParsePrefix(subnet)]; !ok {
			t.Errorf("dump has no %s", subnet)
		}
	}
}
