package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/sirupsen/logrus"

	"mybridge/driver"
	"mybridge/internal/store"
	"mybridge/ipam"
)

// addresses is a manager on a state file.
type addresses struct {
	*ipam.Manager
	state *store.Store
}

// openAddresses opens the state in directory as the plugin does at its start. As
// each pool's subnet is given, no host is asked.
func openAddresses(ctx context.Context, directory string) (*addresses, error) {
	state, loss, err := store.OpenOrRecover(directory)
	if err != nil {
		return nil, err
	}
	if loss.Reason != "" {
		return nil, errors.Join(fmt.Errorf("the state was lost: %s", loss.Reason), state.Close())
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	manager, err := ipam.Open(ctx, ipam.Config{State: state, Networks: driver.NewOwners(nil, nil), Log: quiet})
	if err != nil {
		return nil, errors.Join(err, state.Close())
	}
	return &addresses{manager, state}, nil
}

func (a *addresses) Close() error { return a.state.Close() }

// requestPool requests the pool of a subnet.
func (a *addresses) requestPool(ctx context.Context, prefix netip.Prefix) (ipam.PoolID, error) {
	pool, err := a.RequestPool(ctx, ipam.PoolRequest{Space: ipam.LocalAddressSpace, Subnet: prefix})
	return pool.ID, err
}
