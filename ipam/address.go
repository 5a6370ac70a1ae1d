package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// AddressRequest asks for an address of a pool. A zero Address leaves the
// choice to the manager.
type AddressRequest struct {
	Pool    PoolID
	Address netip.Addr
	Gateway bool
	// Name is the endpoint's: in the same pool it gets the address that it had
	// last, as long as nobody else needed it. Empty where it is not known.
	Name string
}

// RequestAddress leases an address and returns it with the length of its
// subnet. It fails with ErrUnknownPool, ErrTaken, ErrReserved, ErrOutOfPool,
// ErrDoubtful or ErrExhausted.
func (m *Manager) RequestAddress(ctx context.Context, request AddressRequest) (netip.Prefix, error) {
	p := m.pool(request.Pool)
	if p == nil {
		return netip.Prefix{}, fmt.Errorf("pool %q: %w", request.Pool, ErrUnknownPool)
	}
	if !request.Address.IsValid() && !request.Gateway {
		m.waitUntilKnown(ctx, p)
	}
	if err := p.enter(); err != nil {
		return netip.Prefix{}, err
	}
	defer p.leave()
	for {
		lease, err := m.take(p, request)
		if err != nil {
			return netip.Prefix{}, err
		}
		if err := m.Networks.AwaitFree(ctx, lease.Address); err != nil {
			p.abandon(lease.Address)
			return netip.Prefix{}, fmt.Errorf("waiting for address %s to be free: %w", lease.Address, err)
		}
		err = m.State.AddLease(ctx, lease)
		if err == nil {
			p.confirm(lease)
			return netip.PrefixFrom(lease.Address, p.Subnet.Bits()), m.giveBackLate(ctx, p, lease.Address)
		}
		// Another host of a shared state has it: leave it taken, choose again.
		if errors.Is(err, ErrTaken) && !request.Address.IsValid() && ctx.Err() == nil {
			continue
		}
		p.abandon(lease.Address)
		return netip.Prefix{}, fmt.Errorf("keeping the lease of %s: %w", lease.Address, err)
	}
}

// take decides on the lease and leaves its address pending.
func (m *Manager) take(p *pool, request AddressRequest) (Lease, error) {
	lease := Lease{Pool: p.ID, Kind: Requested, Since: m.now().Truncate(time.Second), Name: request.Name}
	var err error
	switch {
	case request.Address.IsValid():
		lease.Address, err = request.Address, p.claim(request.Address)
	case request.Gateway:
		lease.Address, err = p.chooseGateway()
	default:
		lease.Kind = Dynamic
		lease.Address, err = p.choose(request.Name, m.moment())
	}
	if err != nil {
		return Lease{}, err
	}
	lease.Asked = lease.Kind == Requested && !request.Gateway || p.wasAsked(lease.Address)
	if request.Gateway {
		lease.Kind = Gateway
	}
	return lease, nil
}

func (m *Manager) moment() moment {
	return moment(seconds(m.now().Add(-m.ReuseDelay)))
}

// ReleaseAddress ends a lease; the address rests from then on. Releasing an
// address that is not leased, or one of an unknown pool, succeeds; a reservation
// stays. It fails with ErrLive while one of our endpoints uses the address: the
// protocol does not say whose lease is meant.
func (m *Manager) ReleaseAddress(ctx context.Context, id PoolID, address netip.Addr) error {
	p := m.pool(id)
	if p == nil {
		return nil
	}
	if p.enter() != nil {
		return nil
	}
	defer p.leave()
	if endpoint, live := m.Networks.EndpointOf(address); live {
		return fmt.Errorf("address %s of pool %s: %w: %s", address, p.Subnet, ErrLive, endpoint)
	}
	return m.giveBack(ctx, p, address)
}

// giveBackLate ends the lease where the deadline has passed: the engine has been
// told that its request failed.
func (m *Manager) giveBackLate(ctx context.Context, p *pool, address netip.Addr) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, m.giveBack(context.WithoutCancel(ctx), p, address))
	}
	return nil
}

func (m *Manager) giveBack(ctx context.Context, p *pool, address netip.Addr) error {
	lease, held, err := p.startRelease(address)
	if err != nil || !held {
		return err
	}
	return m.finishRelease(ctx, p, lease)
}

// finishRelease ends a lease that startRelease made pending.
func (m *Manager) finishRelease(ctx context.Context, p *pool, lease Lease) error {
	lease.Ended = m.now().Truncate(time.Second)
	if err := m.State.EndLease(ctx, lease); err != nil {
		p.abandon(lease.Address)
		return fmt.Errorf("ending the lease of %s: %w", lease.Address, err)
	}
	p.confirm(lease)
	// The release itself is done: the next one tries to forget again.
	if err := m.forgetOldest(ctx, p); err != nil {
		m.Log.WithError(err).Warn("ended leases are remembered for longer than meant")
	}
	return nil
}

// forgetOldest keeps what a pool remembers within bounds.
func (m *Manager) forgetOldest(ctx context.Context, p *pool) error {
	forgotten := p.startForgetting(m.moment())
	if len(forgotten) == 0 {
		return nil
	}
	if err := m.State.ForgetLeases(ctx, p.ID, forgotten); err != nil {
		for _, a := range forgotten {
			p.abandon(a)
		}
		return fmt.Errorf("forgetting %d ended leases of pool %s: %w", len(forgotten), p.Subnet, err)
	}
	p.forget(forgotten)
	return nil
}
