package orphan

import (
	"context"
	"errors"
	"time"

	"mybridge/ipam"
)

// limit bounds one removal, as the engine's own calls are.
const limit = 30 * time.Second

// remove takes an orphan away that was seen at that moment already, and says so.
func (f *Finder) remove(ctx context.Context, s suspect, moment time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := f.release(ctx, s, moment); err != nil {
		return err
	}
	f.Log.WithField("orphan", s.text).Warn("removed what the engine does not know")
	return nil
}

func (f *Finder) release(ctx context.Context, s suspect, moment time.Time) error {
	switch {
	case s.endpoint != "":
		return f.removeEndpoint(ctx, s, moment)
	case s.network != "":
		return f.removeNetwork(ctx, s, moment)
	case s.address.IsValid():
		return f.Addresses.ReleaseUnusedLease(ctx, s.pool, s.address, moment)
	}
	return f.Addresses.ReleaseUnusedPool(ctx, s.pool, moment)
}

// removeNetwork keeps the pools where the network could not be removed, as the
// address manager does anyway.
func (f *Finder) removeNetwork(ctx context.Context, s suspect, moment time.Time) error {
	if err := f.Networks.DeleteNetwork(ctx, s.network); err != nil {
		return err
	}
	if err := f.Networks.FinishDeletions(ctx); err != nil {
		return err
	}
	var failures []error
	for _, subnet := range s.subnets {
		failures = append(failures, f.Addresses.ReleaseUnusedPool(ctx, ipam.NewPoolID(ipam.LocalAddressSpace, subnet), moment))
	}
	return errors.Join(failures...)
}

func (f *Finder) removeEndpoint(ctx context.Context, s suspect, moment time.Time) error {
	if err := f.Networks.DeleteEndpoint(ctx, s.network, s.endpoint); err != nil {
		return err
	}
	if err := f.Networks.FinishDeletions(ctx); err != nil {
		return err
	}
	var failures []error
	for address, subnet := range s.addresses {
		failures = append(failures, f.Addresses.ReleaseUnusedLease(ctx, ipam.NewPoolID(ipam.LocalAddressSpace, subnet), address, moment))
	}
	return errors.Join(failures...)
}
