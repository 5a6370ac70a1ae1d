package ipam

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/gaissmai/bart"
	"github.com/sirupsen/logrus"
)

// Manager answers for all pools. Its methods may be called concurrently.
type Manager struct {
	state State
	host  Host
	log   logrus.FieldLogger
	now   func() time.Time

	// mu guards the maps, not what is in a pool.
	mu           sync.RWMutex
	pools        map[PoolID]*pool
	subnets      bart.Table[PoolID]
	reservations map[netip.Addr]Reservation
}

// Open returns a manager of what the state keeps.
func Open(ctx context.Context, state State, host Host, log logrus.FieldLogger) (*Manager, error) {
	m := &Manager{
		state:        state,
		host:         host,
		log:          log,
		now:          time.Now,
		pools:        map[PoolID]*pool{},
		reservations: map[netip.Addr]Reservation{},
	}
	kept, err := state.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading pools and leases: %w", err)
	}
	for _, r := range kept.Reservations {
		m.reservations[r.Address] = r
	}
	for _, definition := range kept.Pools {
		p, err := m.build(definition)
		if err != nil {
			return nil, err
		}
		p.open = true
		m.insert(p)
	}
	for _, lease := range kept.Leases {
		p, ok := m.pools[lease.Pool]
		if !ok {
			return nil, fmt.Errorf("lease %s: %w: %s", lease.Address, ErrUnknownPool, lease.Pool)
		}
		p.restore(lease)
	}
	return m, nil
}

// build makes a pool with the reservations that lie in it.
func (m *Manager) build(definition Pool) (*pool, error) {
	p, err := newPool(definition)
	if err != nil {
		return nil, err
	}
	for a := range m.reservations {
		if definition.Subnet.Contains(a) {
			p.reserve(a)
		}
	}
	return p, nil
}

func (m *Manager) insert(p *pool) {
	m.pools[p.ID] = p
	m.subnets.Insert(p.Subnet, p.ID)
}

func (m *Manager) remove(p *pool) {
	delete(m.pools, p.ID)
	m.subnets.Delete(p.Subnet)
}

// PoolRequest asks for a pool. A zero Subnet leaves the choice to the manager,
// a zero Range means all of the subnet.
type PoolRequest struct {
	Space  AddressSpace
	Subnet netip.Prefix
	Range  netip.Prefix
	IPv6   bool
}

// RequestPool gives the pool asked for, or one that overlaps neither another
// pool nor the host's routes. It fails with ErrOverlap or ErrNoPoolLeft.
func (m *Manager) RequestPool(ctx context.Context, request PoolRequest) (Pool, error) {
	p, err := m.claimPool(ctx, request)
	if err != nil {
		return Pool{}, err
	}
	if err := m.state.AddPool(ctx, p.Pool); err != nil {
		m.mu.Lock()
		m.remove(p)
		m.mu.Unlock()
		return Pool{}, fmt.Errorf("keeping pool %s: %w", p.Subnet, err)
	}
	p.busy.Lock()
	p.open = true
	p.busy.Unlock()
	// Past the deadline the engine has been told that the call failed.
	if err := ctx.Err(); err != nil {
		return Pool{}, errors.Join(err, m.ReleasePool(context.WithoutCancel(ctx), p.ID))
	}
	m.log.WithFields(logrus.Fields{"pool": p.Subnet, "range": p.Range}).Info("pool given")
	return p.Pool, nil
}

// claimPool inserts the pool, not open until it is committed.
func (m *Manager) claimPool(ctx context.Context, request PoolRequest) (*pool, error) {
	var used []netip.Prefix
	if !request.Subnet.IsValid() {
		var err error
		if used, err = m.host.UsedPrefixes(ctx); err != nil {
			return nil, fmt.Errorf("listing the subnets this host uses: %w", err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	subnet := request.Subnet
	if !subnet.IsValid() {
		var err error
		if subnet, err = m.freeSubnet(used, request.IPv6); err != nil {
			return nil, err
		}
	}
	if other, overlaps := m.overlapping(subnet); overlaps {
		return nil, fmt.Errorf("subnet %s: %w: pool %s is in use", subnet, ErrOverlap, other)
	}
	addressRange := request.Range
	if !addressRange.IsValid() {
		addressRange = subnet
	}
	p, err := m.build(Pool{ID: NewPoolID(request.Space, subnet), Subnet: subnet, Range: addressRange, Since: m.now()})
	if err != nil {
		return nil, err
	}
	m.insert(p)
	return p, nil
}

// overlapping returns a pool's subnet that overlaps the given one.
func (m *Manager) overlapping(subnet netip.Prefix) (netip.Prefix, bool) {
	if !m.subnets.OverlapsPrefix(subnet) {
		return netip.Prefix{}, false
	}
	if wider, _, ok := m.subnets.LookupPrefixLPM(subnet); ok {
		return wider, true
	}
	for narrower := range m.subnets.Subnets(subnet) {
		return narrower, true
	}
	return netip.Prefix{}, false
}

// ReleasePool forgets a pool and every lease in it. Releasing a pool that is
// unknown, or not given yet, succeeds.
func (m *Manager) ReleasePool(ctx context.Context, id PoolID) error {
	p := m.pool(id)
	if p == nil {
		return nil
	}
	p.busy.Lock()
	defer p.busy.Unlock()
	if !p.open {
		return nil
	}
	if err := m.state.RemovePool(ctx, id); err != nil {
		return fmt.Errorf("forgetting pool %s: %w", p.Subnet, err)
	}
	p.open = false
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(p)
	m.log.WithField("pool", p.Subnet).Info("pool released")
	return nil
}

// AddressRequest asks for an address of a pool. A zero Address leaves the
// choice to the manager.
type AddressRequest struct {
	Pool    PoolID
	Address netip.Addr
	Gateway bool
}

// RequestAddress leases an address and returns it with the length of its
// subnet. It fails with ErrUnknownPool, ErrTaken, ErrReserved, ErrOutOfPool or
// ErrExhausted.
func (m *Manager) RequestAddress(ctx context.Context, request AddressRequest) (netip.Prefix, error) {
	p := m.pool(request.Pool)
	if p == nil {
		return netip.Prefix{}, fmt.Errorf("pool %q: %w", request.Pool, ErrUnknownPool)
	}
	if err := p.enter(); err != nil {
		return netip.Prefix{}, err
	}
	defer p.leave()
	for {
		lease := Lease{Pool: p.ID, Kind: Requested, Since: m.now()}
		var err error
		switch {
		case request.Address.IsValid():
			lease.Address, err = request.Address, p.claim(request.Address)
		case request.Gateway:
			lease.Address, err = p.chooseGateway()
		default:
			lease.Kind = Dynamic
			lease.Address, err = p.choose()
		}
		if err != nil {
			return netip.Prefix{}, err
		}
		if request.Gateway {
			lease.Kind = Gateway
		}
		err = m.state.AddLease(ctx, lease)
		if err == nil {
			p.confirm(lease)
			return netip.PrefixFrom(lease.Address, p.Subnet.Bits()), m.giveBackLate(ctx, p, lease.Address)
		}
		// Another host of a shared state has it: leave it taken, choose again.
		if errors.Is(err, ErrTaken) && !request.Address.IsValid() {
			continue
		}
		p.abandon(lease.Address)
		return netip.Prefix{}, fmt.Errorf("keeping the lease of %s: %w", lease.Address, err)
	}
}

// ReleaseAddress ends a lease. Releasing an address that is not leased, or one
// of an unknown pool, succeeds; a reservation stays.
func (m *Manager) ReleaseAddress(ctx context.Context, id PoolID, address netip.Addr) error {
	p := m.pool(id)
	if p == nil {
		return nil
	}
	if p.enter() != nil {
		return nil
	}
	defer p.leave()
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
	lease, leased := p.startRelease(address)
	if !leased {
		return nil
	}
	if err := m.state.RemoveLease(ctx, p.ID, address); err != nil {
		p.confirm(lease)
		return fmt.Errorf("forgetting the lease of %s: %w", address, err)
	}
	p.abandon(address)
	return nil
}

// pool returns the pool with the ID, nil where there is none.
func (m *Manager) pool(id PoolID) *pool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pools[id]
}
