package status

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/driver"
	"mybridge/ipam"
)

// plugin is the parts of one; one that is busy does not answer.
type plugin struct{ busy bool }

func (p plugin) Records(ctx context.Context) ([]driver.Network, []driver.Endpoint, error) {
	if p.busy {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	return []driver.Network{{Bridge: "mb-1"}}, []driver.Endpoint{{Link: "mbv1"}, {Link: "mbv2"}}, nil
}

func (plugin) LoadNetworks(context.Context) ([]driver.Network, []driver.Endpoint, error) {
	return []driver.Network{{Bridge: "mb-kept"}}, nil, nil
}

func (plugin) Backlog() int { return 3 }

func (plugin) Pools() []ipam.PoolView {
	return []ipam.PoolView{{Subnet: netip.MustParsePrefix("192.0.2.0/24")}}
}

func newReporter(p plugin) *Reporter {
	return &Reporter{Version: "1.2.3", Since: time.Now(), Firewall: "nftables", Networks: p, State: p, Addresses: p}
}

// TestStatus wants all there, and the time of the last call from the first call on.
func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReporter(plugin{})
		began := time.Now()
		for _, called := range []time.Duration{0, time.Second, time.Minute} {
			if time.Sleep(called); called > 0 {
				r.Called()
			}
			got, err := r.Status(t.Context())
			if err != nil || len(got.Networks) != 1 || len(got.Endpoints) != 2 || len(got.Pools) != 1 || got.NotRunning != "" {
				t.Fatalf("got %+v, %v", got, err)
			}
			want := Plugin{Version: "1.2.3", PID: os.Getpid(), Since: began, Firewall: "nftables", Unfinished: 3}
			if called > 0 {
				want.LastCall = time.Now()
			}
			if *got.Plugin != want {
				t.Errorf("got %+v, want %+v", *got.Plugin, want)
			}
		}
	})
}

// TestBusy wants what is kept where a call holds a network, soon, and that said.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got, err := newReporter(plugin{busy: true}).Status(t.Context())
		if err != nil || len(got.Networks) != 1 || got.Networks[0].Bridge != "mb-kept" || got.Plugin.Busy == "" || len(got.Pools) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
