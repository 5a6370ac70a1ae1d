package ipam

import "time"

// MostRemembered is how many ended leases a pool remembers.
const MostRemembered = mostRemembered

// SetNow gives the manager a clock. It is called before the manager is shared.
func (m *Manager) SetNow(now func() time.Time) { m.now = now }
