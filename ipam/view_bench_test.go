package ipam_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"mybridge/ipam"
)

// keptState answers Load with what it is given.
type keptState struct {
	*fakeState
	snapshot ipam.Snapshot
}

func (s keptState) Load(context.Context) (ipam.Snapshot, error) { return s.snapshot, nil }

// openFilled returns a manager of that many /16 pools, each with as many leases,
// of which every tenth has ended.
func openFilled(b *testing.B, pools, leases int) *ipam.Manager {
	b.Helper()
	state := keptState{fakeState: newFakeState()}
	for i := range pools {
		subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(10 + i/256), byte(i), 0, 0}), 16)
		id := ipam.NewPoolID(ipam.LocalAddressSpace, subnet)
		state.snapshot.Pools = append(state.snapshot.Pools, ipam.Pool{ID: id, Subnet: subnet, Range: subnet})
		a := subnet.Addr()
		for n := range leases {
			a = a.Next()
			lease := ipam.Lease{Pool: id, Address: a, Kind: ipam.Dynamic, Since: time.Now()}
			if n%10 == 0 {
				lease.Ended = lease.Since
			}
			state.snapshot.Leases = append(state.snapshot.Leases, lease)
		}
	}
	return open(b, state, &fakeHost{})
}

// BenchmarkPools lists pools with a million leases in all.
func BenchmarkPools(b *testing.B) {
	for _, pools := range []int{1000, 20} {
		m := openFilled(b, pools, 1_000_000/pools)
		b.Run(fmt.Sprint(pools, " pools"), func(b *testing.B) {
			for b.Loop() {
				if got := len(m.Pools()); got != pools {
					b.Fatalf("got %d pools", got)
				}
			}
		})
	}
}

// BenchmarkPool shows a pool with 50,000 leases.
func BenchmarkPool(b *testing.B) {
	m := openFilled(b, 1, 50_000)
	for b.Loop() {
		if details, err := m.Pool(netip.MustParsePrefix("10.0.0.0/16")); err != nil || len(details.Addresses) != 50_000 {
			b.Fatalf("got %d addresses, %v", len(details.Addresses), err)
		}
	}
}
