package driver

import (
	"context"
	"errors"
	"fmt"

	"mybridge/internal/fault"
)

// DeleteNetwork removes the network with its rules, its endpoints, and the
// bridge if it is ours. An unknown network is no error.
func (d *Driver) DeleteNetwork(ctx context.Context, id NetworkID) error {
	n, err := d.lockedNetwork(ctx, id)
	if errors.Is(err, ErrUnknownNetwork) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	if err := d.tearDown(ctx, n); err != nil {
		return err
	}
	d.logNetwork(n).Info("network deleted")
	return nil
}

// tearDown takes away what there is of the network, however far it was built.
// On error the record stays, not Ready, for the next attempt or start.
func (d *Driver) tearDown(ctx context.Context, n *network) (err error) {
	defer func() {
		if err != nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.unfinished[n.ID] = n
		}
	}()
	if n.Phase != Creating {
		if err := d.setPhase(ctx, n, Deleting); err != nil {
			return fmt.Errorf("deleting network %s: %w", n.ID.Short(), err)
		}
	}
	var failures []error
	for _, endpoint := range n.endpoints {
		failures = append(failures, d.links.RemoveVeth(ctx, n.veth(endpoint)))
		d.ports.Release(string(endpoint.ID))
		failures = append(failures, fault.Point("ports.released"))
	}
	failures = append(failures, d.firewall.RemoveNetwork(ctx, string(n.ID)))
	if n.OwnsBridge {
		failures = append(failures, d.links.RemoveBridge(ctx, n.bridge()))
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("deleting network %s: %w", n.ID.Short(), err)
	}
	if err := d.state.DeleteNetwork(ctx, n.ID); err != nil {
		return fmt.Errorf("forgetting network %s: %w", n.ID.Short(), err)
	}
	d.forget(n)
	return nil
}

func (d *Driver) forget(n *network) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n.gone = true
	delete(d.networks, n.ID)
	delete(d.unfinished, n.ID)
	delete(d.names, n.Bridge)
	d.owners.removeNetwork(n.Network)
	for _, endpoint := range n.endpoints {
		delete(d.names, endpoint.Link)
		d.owners.removeEndpoint(endpoint)
		d.sandboxes.remove(endpoint)
	}
}
