package ipam_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mybridge/ipam"
)

// wantFound checks what Check finds, as "kind pool address who".
func wantFound(t *testing.T, m *ipam.Manager, want ...string) {
	t.Helper()
	found, err := m.Check(t.Context())
	if err != nil {
		t.Errorf("Check: %v", err)
		return
	}
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%s %s %s %s", f.Kind, f.Pool, f.Address, f.Who))
		if f.Difference != f.Kind.IsDifference() {
			t.Errorf("%s: got difference %v", f.Kind, f.Difference)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("found:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// links are the addresses that links carry; each is a link's own.
func links(addresses ...string) map[netip.Addr]string {
	inUse := map[netip.Addr]string{}
	for _, a := range addresses {
		inUse[netip.MustParseAddr(a)] = "link of " + a
	}
	return inUse
}

func TestCheckFindsNothing(t *testing.T) {
	v := newViewed(t)
	// Of no pool, and of one that is asked for by nobody: a network may have its
	// addresses from another manager.
	v.host.inUse = links("10.1.0.1", "10.1.0.5", "10.1.0.128", "10.1.0.131", "10.1.0.133", "172.18.0.2", "2001:db8::7")
	start := time.Now()
	wantFound(t, v.Manager)
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %s, want no second look", took)
	}
}

func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newViewed(t)
		needPool(t, v.Manager, "10.2.0.0/24")
		// In use are a resting address, one that nobody ever had, one that is leased,
		// and one that is reserved and so given to nobody.
		v.host.inUse = links("10.1.0.129", "10.1.0.201", "10.1.0.133", "10.1.0.134")
		wantFound(t, v.Manager,
			"gatewayWithoutBridge 10.1.0.0/24 10.1.0.1 ",
			"requestedWithoutLink 10.1.0.0/24 10.1.0.5 ",
			"leasedWithoutLink 10.1.0.0/24 10.1.0.128 endpoint web",
			"inUseWithoutLease 10.1.0.0/24 10.1.0.129 link of 10.1.0.129",
			"leasedWithoutLink 10.1.0.0/24 10.1.0.131 asked",
			"inUseWithoutLease 10.1.0.0/24 10.1.0.201 link of 10.1.0.201",
			"poolWithoutNetwork 10.2.0.0/24 invalid IP ",
		)
	})
}

// changingHost has other addresses in use at each look.
type changingHost struct {
	fakeHost
	looks []map[netip.Addr]string
}

func (h *changingHost) AddressesInUse(context.Context) (map[netip.Addr]string, error) {
	look := h.looks[0]
	h.looks = h.looks[1:]
	return look, nil
}

// TestCheckLooksTwice checks that a container that starts during the check is no
// difference, nor is one that stops.
func TestCheckLooksTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newViewed(t)
		before := links("10.1.0.1", "10.1.0.5", "10.1.0.128", "10.1.0.133", "10.1.0.201")
		after := links("10.1.0.1", "10.1.0.5", "10.1.0.131", "10.1.0.133", "10.1.0.202")
		v.Host = &changingHost{looks: []map[netip.Addr]string{before, after, after, after}}
		wantFound(t, v.Manager)
		wantFound(t, v.Manager,
			"leasedWithoutLink 10.1.0.0/24 10.1.0.128 endpoint web",
			"inUseWithoutLease 10.1.0.0/24 10.1.0.202 link of 10.1.0.202")
	})
}

// TestCheckForeignPool checks that the leases of a pool of another driver are no
// differences, and that an address of ours in it still is one.
func TestCheckForeignPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newViewed(t)
		clear(v.networks.networks)
		wantFound(t, v.Manager, "poolWithoutNetwork 10.1.0.0/24 invalid IP ")
		v.host.inUse = links("10.1.0.201")
		wantFound(t, v.Manager,
			"poolWithoutNetwork 10.1.0.0/24 invalid IP ",
			"inUseWithoutLease 10.1.0.0/24 10.1.0.201 link of 10.1.0.201")
	})
}

func TestCheckCannotTell(t *testing.T) {
	v := newViewed(t)
	v.host.err = errors.New("netlink is gone")
	_, err := v.Check(t.Context())
	wantError(t, "Check", err, v.host.err, "addresses that links have")
	if _, err := open(t, v.state, nil).Check(t.Context()); err == nil {
		t.Error("Check without a host: got no error")
	}
	v.host.err = nil
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = v.Check(ctx)
	wantError(t, "Check that nobody waits for", err, context.DeadlineExceeded)
}
