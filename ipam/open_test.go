package ipam_test

import (
	"context"
	"net/netip"
	"testing"

	"mybridge/ipam"
)

// TestOpenFails checks that what cannot be restored is told, not passed over.
func TestOpenFails(t *testing.T) {
	state := newFakeState()
	state.failNext(errInjected)
	_, err := ipam.Open(context.Background(), ipam.Config{State: state, Host: &fakeHost{}, Networks: &fakeNetworks{}, Log: quiet()})
	wantError(t, "Open with a state that fails", err, errInjected)

	orphan := ipam.Lease{Pool: "mybridge-local/10.1.0.0/24", Address: netip.MustParseAddr("10.1.0.1"), Kind: ipam.Dynamic}
	state.leases[orphan.Pool] = map[netip.Addr]ipam.Lease{orphan.Address: orphan}
	_, err = ipam.Open(context.Background(), ipam.Config{State: state, Host: &fakeHost{}, Networks: &fakeNetworks{}, Log: quiet()})
	wantError(t, "Open with a lease without its pool", err, ipam.ErrUnknownPool, "10.1.0.1", "10.1.0.0/24")
}

func TestLeaseKindWords(t *testing.T) {
	for kind, want := range map[ipam.LeaseKind]string{ipam.Dynamic: "dynamic", ipam.Requested: "requested", ipam.Gateway: "gateway", 0: "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is %q, want %q", uint8(kind), got, want)
		}
	}
}
