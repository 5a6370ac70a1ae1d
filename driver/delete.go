package driver

import (
	"context"
	"errors"
	"fmt"

	"mybridge/internal/fault"
)

// DeleteNetwork removes the network with its rules and its endpoints; the bridge, if
// it is ours, and the links go a moment later (Reap). An unknown network is no error.
func (d *Driver) DeleteNetwork(ctx context.Context, id NetworkID) error {
	n, err := d.lockedNetwork(ctx, id)
	if errors.Is(err, ErrUnknownNetwork) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	if d.isPromised(Deletion{Network: id}) {
		return nil
	}
	if err := d.retireNetwork(ctx, n); err != nil {
		return err
	}
	d.logNetwork(n).Info("network deleted")
	d.tellOfNetwork(NetworkDeleted, n)
	return nil
}

// retireNetwork takes away what others could meet of the network, however far it was
// built, and leaves the rest to be reaped. What fails is tried again then.
func (d *Driver) retireNetwork(ctx context.Context, n *network) error {
	err := d.retireNetworkOnce(ctx, n)
	d.leave(n.leftover(err == nil))
	return err
}

func (d *Driver) retireNetworkOnce(ctx context.Context, n *network) error {
	if n.Phase != Creating {
		if err := d.setPhase(ctx, n, Deleting); err != nil {
			return fmt.Errorf("deleting network %s: %w", n.ID.Short(), err)
		}
	}
	var failures []error
	for _, endpoint := range n.endpoints {
		d.ports.Release(string(endpoint.ID))
		failures = append(failures, fault.Point("ports.released"))
	}
	failures = append(failures, d.firewall.RemoveNetwork(ctx, string(n.ID)))
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("deleting network %s: %w", n.ID.Short(), err)
	}
	return nil
}

// DeleteEndpoint removes the endpoint with its ports and rules; its links go a moment
// later (Reap). An unknown one is no error.
func (d *Driver) DeleteEndpoint(ctx context.Context, networkID NetworkID, id EndpointID) error {
	n, err := d.lockedNetwork(ctx, networkID)
	if errors.Is(err, ErrUnknownNetwork) {
		return nil
	}
	if err != nil {
		return err
	}
	defer n.unlock()
	endpoint, known := n.endpoints[id]
	if !known || d.isPromised(Deletion{networkID, id}) {
		return nil
	}
	if err := d.retireEndpoint(ctx, n, endpoint); err != nil {
		return err
	}
	d.logEndpoint(endpoint).Info("endpoint deleted")
	d.tellOfEndpoint(EndpointDeleted, endpoint)
	return nil
}

// retireEndpoint is for an endpoint what retireNetwork is for a network.
func (d *Driver) retireEndpoint(ctx context.Context, n *network, endpoint Endpoint) error {
	err := d.retireEndpointOnce(ctx, n, endpoint)
	d.leave(n.leftoverOf(endpoint, err == nil))
	return err
}

func (d *Driver) retireEndpointOnce(ctx context.Context, n *network, endpoint Endpoint) error {
	endpoint.Phase = Deleting
	n.endpoints[endpoint.ID] = endpoint // even where the commit fails: the engine repeats no deletion
	d.disown(endpoint)
	if err := d.state.PutEndpoint(ctx, endpoint); err != nil {
		return fmt.Errorf("deleting endpoint %s: %w", endpoint.ID.Short(), err)
	}
	d.ports.Release(string(endpoint.ID))
	err := errors.Join(
		fault.Point("ports.released"),
		d.firewall.RemoveEndpoint(ctx, string(n.ID), string(endpoint.ID)),
	)
	if err != nil {
		return fmt.Errorf("deleting endpoint %s: %w", endpoint.ID.Short(), err)
	}
	return nil
}

// disown lets the endpoint's addresses be released, as the engine does next whatever
// came of the deletion. Another endpoint gets one only when this one's link is gone.
func (d *Driver) disown(endpoint Endpoint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owners.removeEndpoint(endpoint)
	d.sandboxes.remove(endpoint)
}
