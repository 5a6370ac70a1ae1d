package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"testing"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// subnets are those of the pools. The second is soon full, and in the third
// addresses are derived instead of counted.
var subnets = []netip.Prefix{
	netip.MustParsePrefix("10.1.0.0/24"),
	netip.MustParsePrefix("10.2.0.0/28"),
	netip.MustParsePrefix("fd00:1::/64"),
}

// place is where a lease is.
type place struct {
	Pool    ipam.PoolID `json:"pool"`
	Address netip.Addr  `json:"address"`
}

// held is who has each leased address: the name that it was asked for with.
type held map[place]string

// openState opens state and manager as the plugin does at its start. No kill may
// make it take the state for lost.
func openState(directory string) (*store.Store, *ipam.Manager, error) {
	state, loss, err := store.OpenOrRecover(directory)
	if err != nil {
		return nil, nil, err
	}
	if loss.Reason != "" {
		return nil, nil, errors.Join(fmt.Errorf("the state was taken for lost: %s", loss.Reason), state.Close())
	}
	return openManager(state)
}

// openManager opens the manager of a state, or closes that. As each pool's
// subnet is given, no host is asked.
func openManager(state *store.Store) (*store.Store, *ipam.Manager, error) {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	manager, err := ipam.Open(context.Background(), ipam.Config{State: state, Networks: driver.NewOwners(nil, nil), Log: quiet})
	if err != nil {
		return nil, nil, errors.Join(err, state.Close())
	}
	return state, manager, nil
}

// prepare makes a state with the pools.
func prepare(t *testing.T, directory string) {
	t.Helper()
	state, manager, err := openState(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, subnet := range subnets {
		_, err := manager.RequestPool(context.Background(), ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: subnet})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
}

// readState opens the state after a kill and returns the leases in it, which the
// manager and the store's backup must be able to read too.
func readState(directory string) (held, error) {
	state, manager, err := openState(directory)
	if err != nil {
		return nil, err
	}
	found, err := heldIn(state)
	if err == nil {
		err = checkDump(manager, found)
	}
	if err := errors.Join(err, state.Close()); err != nil {
		return nil, err
	}
	if _, err := store.ReadBackup(directory); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return found, nil
}

func heldIn(state *store.Store) (held, error) {
	kept, err := state.Load(context.Background())
	if err != nil {
		return nil, err
	}
	found := held{}
	for _, lease := range kept.Leases {
		at := place{lease.Pool, lease.Address}
		if _, twice := found[at]; twice {
			return nil, fmt.Errorf("lease %s of pool %s is kept twice", lease.Address, lease.Pool)
		}
		if lease.Ended.IsZero() {
			found[at] = lease.Name
		}
	}
	return found, nil
}

// checkDump compares what the manager shows with the leases.
func checkDump(manager *ipam.Manager, found held) error {
	dumped, _ := manager.Dump()
	shown := 0
	for subnet, bitmap := range dumped {
		address := subnet.Addr()
		for _, c := range bitmap {
			address = address.Next()
			if c != '1' {
				continue
			}
			shown++
			if _, leased := found[place{ipam.NewPoolID(ipam.LocalAddressSpace, subnet), address}]; !leased {
				return fmt.Errorf("the dump shows %s as taken, which is not leased", address)
			}
		}
	}
	want := 0
	for at := range found {
		if at.Address.Is4() {
			want++
		}
	}
	if shown != want {
		return fmt.Errorf("the dump shows %d addresses as taken, want the %d leased", shown, want)
	}
	return nil
}
