package orphan

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"mybridge/driver"
	"mybridge/internal/engine"
	"mybridge/internal/link"
	"mybridge/ipam"
)

// world is a driver, an address manager, links and an engine in memory.
type world struct {
	mu          sync.Mutex
	networks    []driver.Network
	endpoints   []driver.Endpoint
	unused      []ipam.Unused
	inContainer map[link.Name]bool
	// unlisted is the error of a list of links.
	unlisted error
	// gone is what was removed, in its order.
	gone []string
	// unfinished is a deletion whose link is still there.
	unfinished bool
	// failure is that of the next removal.
	failure error

	listed     []engine.Network
	details    map[string]engine.Details
	containers []engine.Container
	// id is the engine's, and known that of the one that is remembered.
	id, known string
	// unreachable and confused are errors of the engine's first and last answer.
	unreachable, confused error
}

var pool1, pool2 = netip.MustParsePrefix("10.1.0.0/24"), netip.MustParsePrefix("10.2.0.0/24")

// newWorld has two networks of ours with a container each, all of which the engine
// knows, and a network of its own.
func newWorld() *world {
	w := &world{id: "this one", inContainer: map[link.Name]bool{}, details: map[string]engine.Details{}}
	for i, subnet := range []netip.Prefix{pool1, pool2} {
		n := driver.Network{
			NetworkConfig: driver.NetworkConfig{ID: driver.NetworkID(fmt.Sprint("n", i+1)), IPv4: driver.Subnet{Pool: subnet, Managed: true}},
			Bridge:        link.Name(fmt.Sprint("mb-n", i+1)), Phase: driver.Ready,
		}
		e := driver.Endpoint{
			EndpointConfig: driver.EndpointConfig{Network: n.ID, ID: driver.EndpointID(fmt.Sprint("e", i+1)), IPv4: netip.PrefixFrom(subnet.Addr().Next().Next(), 24)},
			Link:           link.Name(fmt.Sprint("mbve", i+1)), Phase: driver.Ready,
		}
		w.networks, w.endpoints = append(w.networks, n), append(w.endpoints, e)
		w.listed = append(w.listed, engine.Network{ID: string(n.ID), Name: string(n.ID), Driver: "mybridge:latest", AddressDriver: "mybridge:latest", Subnets: []netip.Prefix{subnet}})
		w.containers = append(w.containers, engine.Container{Endpoints: []string{string(e.ID)}})
		w.details[string(n.ID)] = engine.Details{Endpoints: []string{string(e.ID)}}
	}
	w.listed = append(w.listed, engine.Network{ID: "b", Name: "bridge", Driver: "bridge", AddressDriver: "default", Subnets: []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16")}})
	return w
}

// lease is one that no endpoint of ours has.
func (w *world) lease(subnet netip.Prefix, address string, age time.Duration) {
	w.unused = append(w.unused, ipam.Unused{
		Pool: ipam.NewPoolID(ipam.LocalAddressSpace, subnet), Subnet: subnet, Address: netip.MustParseAddr(address), Since: time.Now().Add(-age),
	})
}

// pool is one that no network of ours has.
func (w *world) pool(subnet netip.Prefix, age time.Duration) {
	w.unused = append(w.unused, ipam.Unused{Pool: ipam.NewPoolID(ipam.LocalAddressSpace, subnet), Subnet: subnet, Since: time.Now().Add(-age)})
}

// forgetNetwork is docker network rm while the plugin is down.
func (w *world) forgetNetwork(id string) {
	w.listed = slices.DeleteFunc(w.listed, func(n engine.Network) bool { return n.ID == id })
	delete(w.details, id)
	w.forgetContainer(strings.Replace(id, "n", "e", 1))
}

// forgetContainer is docker rm while the plugin is down.
func (w *world) forgetContainer(endpoint string) {
	w.containers = slices.DeleteFunc(w.containers, func(c engine.Container) bool { return slices.Contains(c.Endpoints, endpoint) })
	for id, details := range w.details {
		details.Endpoints = slices.DeleteFunc(slices.Clone(details.Endpoints), func(e string) bool { return e == endpoint })
		w.details[id] = details
	}
}

// change changes the world while it is looked at.
func (w *world) change(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) Records(context.Context) ([]driver.Network, []driver.Endpoint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.networks), slices.Clone(w.endpoints), nil
}

func (w *world) remove(what string, then func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.failure; err != nil {
		w.failure = nil
		return err
	}
	w.gone = append(w.gone, what)
	then()
	return nil
}

func (w *world) DeleteNetwork(_ context.Context, id driver.NetworkID) error {
	return w.remove("network "+string(id), func() {
		w.unfinished = true
		w.networks = slices.DeleteFunc(w.networks, func(n driver.Network) bool { return n.ID == id })
		w.endpoints = slices.DeleteFunc(w.endpoints, func(e driver.Endpoint) bool { return e.Network == id })
	})
}

func (w *world) DeleteEndpoint(_ context.Context, _ driver.NetworkID, id driver.EndpointID) error {
	return w.remove("endpoint "+string(id), func() {
		w.unfinished = true
		w.endpoints = slices.DeleteFunc(w.endpoints, func(e driver.Endpoint) bool { return e.ID == id })
	})
}

func (w *world) FinishDeletions(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unfinished = false
	return nil
}

// release leaves what a link still has.
func (w *world) release(what string, then func()) error {
	w.mu.Lock()
	inUse := w.unfinished
	w.mu.Unlock()
	if inUse {
		return nil
	}
	return w.remove(what, then)
}

func (w *world) Unused() []ipam.Unused {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.unused)
}

func (w *world) ReleaseUnusedPool(_ context.Context, id ipam.PoolID, _ time.Time) error {
	return w.release("pool "+string(id), func() {
		w.unused = slices.DeleteFunc(w.unused, func(u ipam.Unused) bool { return u.Pool == id })
	})
}

func (w *world) ReleaseUnusedLease(_ context.Context, _ ipam.PoolID, address netip.Addr, _ time.Time) error {
	return w.release("address "+address.String(), func() {
		w.unused = slices.DeleteFunc(w.unused, func(u ipam.Unused) bool { return u.Address == address })
	})
}

func (w *world) KnownEngine(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known, nil
}

func (w *world) KeepEngine(_ context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = id
	return nil
}

func (w *world) InContainer(context.Context) (map[link.Name]bool, error) {
	return w.inContainer, w.unlisted
}

// inEngine is the engine's part, whose methods have names of the driver's too.
type inEngine struct{ *world }

func (e inEngine) ID(context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.id, e.unreachable
}

func (e inEngine) Networks(context.Context) ([]engine.Network, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.listed), e.unreachable
}

func (e inEngine) Details(_ context.Context, id string) (engine.Details, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	details, found := e.details[id]
	return details, found, e.confused
}

func (e inEngine) Containers(context.Context) ([]engine.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.containers), nil
}

func (w *world) finder() (*Finder, *test.Hook) {
	log, hook := test.NewNullLogger()
	log.SetLevel(logrus.InfoLevel)
	return &Finder{Name: "mybridge", Networks: w, Addresses: w, Links: w, Engines: w, Log: log}, hook
}

// run looks in time that the test makes pass, at a world that prepare has changed.
func run(t *testing.T, prepare func(w *world), during func(w *world, f *Finder, log *test.Hook)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		prepare(w)
		f, log := w.finder()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx, inEngine{w}) })
		during(w, f, log)
		stop()
		running.Wait()
	})
}

func (w *world) wantGone(t *testing.T, when string, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.gone, want) {
		t.Errorf("%s: removed is %q, want %q", when, w.gone, want)
	}
}

var errTest = errors.New("no room")
