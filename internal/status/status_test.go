package status

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
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

func (plugin) Backlog() int { return 3 }

func (plugin) Pools() []ipam.PoolView {
	return []ipam.PoolView{{Subnet: netip.MustParsePrefix("192.0.2.0/24")}}
}

func newReporter(p plugin) *Reporter {
	return &Reporter{Version: "1.2.3", Since: time.Now(), Firewall: "nftables", Networks: p, Addresses: p}
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

// TestBusy wants a network that does not answer told of, before who asks gives up.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := newReporter(plugin{busy: true}).Status(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "a call is at work on it") {
			t.Errorf("got %v", err)
		}
	})
}
