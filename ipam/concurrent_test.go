package ipam_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"mybridge/ipam"
)

const workers = 64

// TestConcurrentAddresses has workers take and give back addresses of one pool
// in all three ways; nobody may hold what another holds.
func TestConcurrentAddresses(t *testing.T) {
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, "10.1.0.0/25") // 126 addresses, two for each worker
	var held sync.Map
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for round := range 30 {
				request := ipam.AddressRequest{Pool: pool.ID, Gateway: round%7 == 0}
				if round%5 == 0 {
					request.Address = netip.AddrFrom4([4]byte{10, 1, 0, byte(1 + (worker+round)%126)})
				}
				got, err := m.RequestAddress(context.Background(), request)
				if errors.Is(err, ipam.ErrTaken) && request.Address.IsValid() {
					continue
				}
				if err != nil {
					t.Errorf("RequestAddress(%+v): %v", request, err)
					return
				}
				if other, there := held.LoadOrStore(got.Addr(), worker); there {
					t.Errorf("%s was given to worker %d and to worker %d", got, other, worker)
					return
				}
				held.Delete(got.Addr())
				if err := m.ReleaseAddress(context.Background(), pool.ID, got.Addr()); err != nil {
					t.Errorf("ReleaseAddress(%s): %v", got, err)
					return
				}
			}
		})
	}
	all.Wait()
	wantDump(t, m, map[string]string{"10.1.0.0/25": bitsOf(127)})
	if given := drainPool(t, m, pool.ID); len(given) != 126 {
		t.Errorf("after all releases the pool gives %d addresses, want 126", len(given))
	}
	if kept := len(state.leases[pool.ID]); kept != 126 {
		t.Errorf("%d leases are kept, want 126", kept)
	}
}

// TestConcurrentExhaustion has more workers than addresses: each address is
// given once, and exactly the rest are told that none is left.
func TestConcurrentExhaustion(t *testing.T) {
	m := newManager(t)
	pool := needPool(t, m, "10.1.0.0/27")
	answers := make(chan string, workers)
	for range workers {
		go func() {
			got, err := requestDynamic(m, pool.ID)
			switch {
			case errors.Is(err, ipam.ErrExhausted):
				answers <- "exhausted"
			case err != nil:
				answers <- err.Error()
			default:
				answers <- got.String()
			}
		}()
	}
	count := map[string]int{}
	for range workers {
		count[<-answers]++
	}
	for host := 1; host <= 30; host++ {
		if a := fmt.Sprintf("10.1.0.%d/27", host); count[a] != 1 {
			t.Errorf("%s was answered %d times, want once", a, count[a])
		}
	}
	if got := count["exhausted"]; got != workers-30 {
		t.Errorf("%d requests found no address left, want %d; answers: %v", got, workers-30, count)
	}
}

// TestConcurrentPools has workers request automatic pools and pools of one
// subnet: the automatic ones differ, the one subnet is given once.
func TestConcurrentPools(t *testing.T) {
	m := newManager(t)
	var all sync.WaitGroup
	var seen sync.Map
	overlaps := make(chan error, workers)
	for range workers {
		all.Go(func() {
			pool, err := m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace})
			if err != nil {
				t.Errorf("automatic RequestPool: %v", err)
			} else if _, twice := seen.LoadOrStore(pool.Subnet, true); twice {
				t.Errorf("%s was given twice", pool.Subnet)
			}
			_, err = m.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: netip.MustParsePrefix("10.1.0.0/24")})
			overlaps <- err
		})
	}
	all.Wait()
	given := 0
	for range workers {
		switch err := <-overlaps; {
		case err == nil:
			given++
		case !errors.Is(err, ipam.ErrOverlap):
			t.Errorf("RequestPool of a subnet in use: got error %v, want ErrOverlap", err)
		}
	}
	if given != 1 {
		t.Errorf("10.1.0.0/24 was given %d times, want once", given)
	}
}
