package admin_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"mybridge/driver"
	"mybridge/internal/admin"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
	"mybridge/internal/status"
	"mybridge/ipam"
)

// fakeStatus answers with what it is given.
type fakeStatus struct {
	now status.Status
	err error
}

func (f fakeStatus) Status(context.Context) (status.Status, error) { return f.now, f.err }

// TestStatus checks that all arrives as it is, and nothing and errors too.
func TestStatus(t *testing.T) {
	since := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	subnet := netip.MustParsePrefix("192.168.0.0/24")
	full := status.Status{
		Plugin:   &status.Plugin{Version: "1.2.3", PID: 7, Since: since, Firewall: "iptables", LastCall: since.Add(time.Second), Unfinished: 2},
		Networks: []driver.Network{{NetworkConfig: driver.NetworkConfig{ID: "n1", IPv4: driver.Subnet{Pool: subnet, Managed: true}}, Bridge: "mb-1", Phase: driver.Ready}},
		Endpoints: []driver.Endpoint{{
			EndpointConfig: driver.EndpointConfig{Network: "n1", ID: "e1", IPv4: netip.MustParsePrefix("192.168.0.2/24")},
			ChosenMAC:      link.MAC{2, 3, 4, 5, 6, 7},
			HostPorts:      []hostport.Mapping{{Protocol: hostport.TCP, Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: netip.MustParseAddrPort("192.168.0.2:80")}},
		}},
		Pools: []ipam.PoolView{{ID: "mybridge-local/192.168.0.0/24", Subnet: subnet, Used: 2, Free: 252}},
	}
	for name, want := range map[string]status.Status{"full": full, "empty": {Plugin: &status.Plugin{Since: since}}} {
		got, err := dial(t, serve(t, newHandler(admin.Parts{Status: fakeStatus{now: want}}))).Status(t.Context())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	cause := errors.New("a network does not answer")
	if _, err := dial(t, serve(t, newHandler(admin.Parts{Status: fakeStatus{err: cause}}))).Status(t.Context()); err == nil || err.Error() != cause.Error() {
		t.Errorf("got error %v, want %v", err, cause)
	}
}
