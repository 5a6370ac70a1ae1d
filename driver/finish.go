package driver

import (
	"context"
	"errors"
)

// finishNetworks tries again what deletions and undoings have left, so that a
// failure that has passed (a lock held by somebody, a full disk) blocks no
// subnet and no bridge until the next start.
func (d *Driver) finishNetworks(ctx context.Context) {
	d.mu.Lock()
	var unfinished []*network
	for _, n := range d.unfinished {
		unfinished = append(unfinished, n)
	}
	d.mu.Unlock()
	for _, n := range unfinished {
		// Who holds the lock is at it.
		if !n.TryAcquire(1) {
			continue
		}
		if !n.gone {
			d.finishNetwork(ctx, n)
		}
		n.unlock()
	}
}

// finishNetwork undoes a creation, or ends a deletion, that was cut short.
func (d *Driver) finishNetwork(ctx context.Context, n *network) {
	if err := d.tearDown(ctx, n); err != nil {
		d.logNetwork(n).WithError(err).Error("unfinished network could not be removed")
		return
	}
	d.logNetwork(n).Warn("unfinished network removed")
}

// finishEndpoints ends the deletions of endpoints that were cut short.
func (d *Driver) finishEndpoints(ctx context.Context, n *network) error {
	var failures []error
	for _, endpoint := range n.endpoints {
		if endpoint.Phase != Ready {
			failures = append(failures, d.removeEndpoint(ctx, n, endpoint))
		}
	}
	return errors.Join(failures...)
}
