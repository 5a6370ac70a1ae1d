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

// Config is how a manager works.
type Config struct {
	State    State
	Host     Host
	Networks Networks
	Log      logrus.FieldLogger
	// Doubt says why leases may be missing from the state, empty where none can.
	// No pool that is kept then gives a dynamic address until Learn.
	Doubt string
	// ReuseDelay is how long a released address rests before it is given again,
	// while another is free.
	ReuseDelay time.Duration
	// HostID is what the host's IPv6 block is derived from; without one it is
	// the state's secret.
	HostID []byte
	// AddressPools are where automatic pools are taken from, the first first. A
	// family of which there is none gets its default.
	AddressPools []AddressPool
}

// Manager answers for all pools. Its methods may be called concurrently.
type Manager struct {
	Config
	secret []byte
	now    func() time.Time

	// mu guards the maps, not what is in a pool.
	mu           sync.RWMutex
	pools        map[PoolID]*pool
	subnets      bart.Table[PoolID]
	reservations map[netip.Addr]Reservation
	// outlived are ended leases whose pool was released: when a network comes back
	// with the same subnet, names find their addresses again.
	outlived map[PoolID][]Lease
	// known is closed once no lease can be missing.
	known chan struct{}
}

// Open returns a manager of what the state keeps.
func Open(ctx context.Context, config Config) (*Manager, error) {
	m := &Manager{
		Config:       config,
		now:          time.Now,
		pools:        map[PoolID]*pool{},
		reservations: map[netip.Addr]Reservation{},
		outlived:     map[PoolID][]Lease{},
		known:        make(chan struct{}),
	}
	var err error
	if m.secret, err = config.State.Secret(ctx); err != nil {
		return nil, fmt.Errorf("loading the secret: %w", err)
	}
	m.addDefaultAddressPools()
	arisen := m.Doubt != ""
	if !arisen {
		if m.Doubt, err = config.State.Doubt(ctx); err != nil {
			return nil, fmt.Errorf("loading whether leases may be missing: %w", err)
		}
	}
	kept, err := config.State.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading pools and leases: %w", err)
	}
	for _, r := range kept.Reservations {
		m.reservations[r.Address] = r
	}
	counts := map[PoolID]int{}
	for i := range kept.Leases {
		counts[kept.Leases[i].Pool]++
	}
	for _, definition := range kept.Pools {
		p, err := newPool(definition, m.secret, counts[definition.ID])
		if err != nil {
			return nil, err
		}
		p.open = true
		m.insert(p)
	}
	var p *pool
	for i := range kept.Leases {
		lease := &kept.Leases[i]
		// Those of one pool mostly come together.
		if p == nil || p.ID != lease.Pool {
			p = m.pools[lease.Pool]
		}
		switch {
		case p != nil:
			p.put(lease)
		case lease.Ended.IsZero():
			return nil, fmt.Errorf("lease %s: %w: %s", lease.Address, ErrUnknownPool, lease.Pool)
		default:
			m.outlived[lease.Pool] = append(m.outlived[lease.Pool], *lease)
		}
	}
	for a := range m.reservations {
		if p := m.holder(a); p != nil {
			p.reserve(a)
		}
	}
	return m, m.reconcile(ctx, arisen)
}

// build makes a pool with the reservations that lie in it.
func (m *Manager) build(definition Pool) (*pool, error) {
	p, err := newPool(definition, m.secret, 0)
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
// pool nor what the host uses. It fails with ErrOverlap or ErrNoPoolLeft.
func (m *Manager) RequestPool(ctx context.Context, request PoolRequest) (Pool, error) {
	p, err := m.claimPool(ctx, request)
	if err != nil {
		return Pool{}, err
	}
	if err := m.State.AddPool(ctx, p.Pool); err != nil {
		m.mu.Lock()
		m.remove(p)
		m.mu.Unlock()
		return Pool{}, fmt.Errorf("keeping pool %s: %w", p.Subnet, err)
	}
	m.mu.Lock()
	delete(m.outlived, p.ID)
	m.mu.Unlock()
	p.busy.Lock()
	p.open = true
	p.busy.Unlock()
	// Past the deadline the engine has been told that the call failed.
	if err := ctx.Err(); err != nil {
		return Pool{}, errors.Join(err, m.ReleasePool(context.WithoutCancel(ctx), p.ID))
	}
	m.Log.WithFields(logrus.Fields{"pool": p.Subnet, "range": p.Range}).Info("pool given")
	return p.Pool, nil
}

// claimPool inserts the pool, not open until it is committed.
func (m *Manager) claimPool(ctx context.Context, request PoolRequest) (*pool, error) {
	var used *bart.Lite
	if !request.Subnet.IsValid() {
		var err error
		if used, err = m.Host.UsedPrefixes(ctx); err != nil {
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
		return nil, fmt.Errorf("subnet %s: %w: pool %s is in use by %s", subnet, ErrOverlap, other, m.holderOf(other))
	}
	addressRange := request.Range
	if !addressRange.IsValid() {
		addressRange = subnet
	}
	p, err := m.build(Pool{ID: NewPoolID(request.Space, subnet), Subnet: subnet, Range: addressRange, Since: m.now(), Whole: !m.allKnown()})
	if err != nil {
		return nil, err
	}
	for _, lease := range m.outlived[p.ID] {
		p.put(&lease)
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

// holderOf says who has the pool, as a person knows them.
func (m *Manager) holderOf(subnet netip.Prefix) string {
	if network, ok := m.Networks.NetworkOf(subnet); ok {
		return "network " + network
	}
	return "no network of this driver"
}

// ReleasePool forgets a pool and every lease in it; only who had which address
// last is remembered, by name. Releasing a pool that is
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
	return m.forgetPool(ctx, p)
}

// forgetPool forgets a pool that is open, and that the caller has locked.
func (m *Manager) forgetPool(ctx context.Context, p *pool) error {
	if err := m.State.RemovePool(ctx, p.ID); err != nil {
		return fmt.Errorf("forgetting pool %s: %w", p.Subnet, err)
	}
	p.open = false
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(p)
	if named := p.endedNames(); len(named) > 0 {
		m.outlived[p.ID] = named
	}
	m.Log.WithField("pool", p.Subnet).Info("pool released")
	return nil
}

// pool returns the pool with the ID, nil where there is none.
func (m *Manager) pool(id PoolID) *pool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pools[id]
}
