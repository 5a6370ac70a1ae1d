package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mybridge/internal/link"
	"mybridge/internal/outage"
	"mybridge/internal/watch"
)

// The pace of the reaper.
const (
	// gather is how long a deletion waits for others: what the engine does to a
	// container needs the kernel's lock of links as well.
	gather = 10 * time.Millisecond
	// retry is the first pause after a failure; each is twice the one before, up to
	// slowest.
	retry   = 100 * time.Millisecond
	slowest = time.Minute
	// linger is how long rules that networks share stay after the last network, as
	// making them takes longer than a network does; and the pause where they fail to go.
	linger = 2 * time.Second
)

// Reap finishes deletions that were answered until ctx is done, and then those that
// are left. It is to run as long as the driver is used.
func (d *Driver) Reap(ctx context.Context) {
	pause := time.Duration(0)
	var failing, failingSweep outage.Outage
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-d.leaving:
			watch.Pause(ctx, gather)
		case <-after(pause):
		case <-after(d.sweepDue()):
			d.sweep(ctx, &failingSweep)
			continue
		}
		pause = d.reapLogged(ctx, pause, &failing)
	}
	last, cancel := undoContext(ctx)
	defer cancel()
	d.reapLogged(last, 0, &failing)
	d.sweep(last, &failingSweep)
}

// reapLogged returns the time until the next attempt, zero where nothing is left.
func (d *Driver) reapLogged(ctx context.Context, pause time.Duration, failing *outage.Outage) time.Duration {
	err := d.reap(ctx)
	if ctx.Err() != nil {
		return 0
	}
	failing.Note(d.log, err, "deletions could not be finished, trying again", "deletions are finished again")
	if err == nil {
		return 0
	}
	return min(max(2*pause, retry), slowest)
}

// after is nil, which never comes, for no time at all.
func after(pause time.Duration) <-chan time.Time {
	if pause == 0 {
		return nil
	}
	return time.After(pause)
}

// reap tries to finish each deletion that is left: links go as a group. Who calls it
// holds no network's lock.
func (d *Driver) reap(ctx context.Context) error {
	if err := d.reaping.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for deletions to be finished: %w", err)
	}
	defer d.reaping.Release(1)
	d.mu.Lock()
	var batch []*leftover
	for _, left := range d.left {
		batch = append(batch, left)
	}
	d.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	var failures []error
	promised := batch[:0]
	for _, left := range batch {
		if err := d.promise(ctx, left); err != nil {
			failures = append(failures, err)
			continue
		}
		promised = append(promised, left)
	}
	gone, err := d.removeLinks(ctx, promised)
	failures = append(failures, err)
	d.forgetAddresses(ctx, gone)
	failures = append(failures, d.forgetAll(ctx, gone))
	return errors.Join(failures...)
}

// promise does what the call failed to do.
func (d *Driver) promise(ctx context.Context, left *leftover) error {
	if d.isPromised(left.of()) {
		return nil
	}
	n := left.network
	if err := n.lock(ctx); err != nil {
		return err
	}
	defer n.unlock()
	var err error
	if left.endpoint == "" {
		err = d.retireNetworkOnce(ctx, n)
	} else if endpoint, known := n.endpoints[left.endpoint]; known {
		err = d.retireEndpointOnce(ctx, n, endpoint)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	left.promised = err == nil
	return err
}

// removeLinks returns the deletions whose links are gone.
func (d *Driver) removeLinks(ctx context.Context, batch []*leftover) ([]*leftover, error) {
	var bridges []link.Bridge
	var veths []link.Veth
	for _, left := range batch {
		bridges = append(bridges, left.bridges...)
		veths = append(veths, left.veths...)
	}
	unremoved := d.links.Remove(ctx, bridges, veths)
	var gone []*leftover
	var failures []error
	for _, left := range batch {
		if err := left.failure(unremoved); err != nil {
			failures = append(failures, fmt.Errorf("deleting %s: %w", left, err))
			continue
		}
		gone = append(gone, left)
	}
	return gone, errors.Join(failures...)
}

// forgetAddresses has the kernel forget the connections of those that had the
// addresses. That some could not be only means that they end later.
func (d *Driver) forgetAddresses(ctx context.Context, gone []*leftover) {
	var addresses []netip.Addr
	for _, left := range gone {
		addresses = append(addresses, left.addresses...)
	}
	if len(addresses) == 0 {
		return
	}
	if err := d.links.ForgetAddresses(ctx, addresses); err != nil {
		d.log.WithError(err).Warn("old connections could not be forgotten")
	}
}

// forgetAll forgets the deletions, with their records.
func (d *Driver) forgetAll(ctx context.Context, gone []*leftover) error {
	var deletions []Deletion
	for _, left := range gone {
		deletions = append(deletions, left.of())
	}
	if len(deletions) == 0 {
		return nil
	}
	if err := d.state.Forget(ctx, deletions...); err != nil {
		return fmt.Errorf("forgetting %d deletions: %w", len(deletions), err)
	}
	for _, left := range gone {
		if err := left.network.lock(ctx); err != nil {
			return err
		}
		if left.endpoint == "" {
			d.forget(left.network)
		} else {
			d.forgetEndpoint(left.network, left.endpoint)
		}
		left.network.unlock()
	}
	return nil
}

// forget ends the network with its endpoints.
func (d *Driver) forget(n *network) {
	for id := range n.endpoints {
		d.forgetEndpoint(n, id)
	}
	n.gone = true
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.networks, n.ID)
	delete(d.left, Deletion{Network: n.ID})
	delete(d.names, n.Bridge)
	d.owners.removeNetwork(n.Network)
}

// forgetEndpoint ends the endpoint, if it is there.
func (d *Driver) forgetEndpoint(n *network, id EndpointID) {
	if endpoint, known := n.endpoints[id]; known {
		d.releaseEndpoint(endpoint)
	}
	delete(n.endpoints, id)
	delete(n.unsettled, id)
	delete(n.joined, id)
	delete(n.unheld, id)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left, Deletion{n.ID, id})
}

// sweepDue is when rules that networks share may go, zero where they may not.
func (d *Driver) sweepDue() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.swept || len(d.networks) > 0 {
		return 0
	}
	return linger
}

// sweep takes away the rules that networks share, where there is none left. Where that
// fails it is due again.
func (d *Driver) sweep(ctx context.Context, failing *outage.Outage) {
	d.mu.Lock()
	due := !d.swept && len(d.networks) == 0
	d.swept = d.swept || due
	d.mu.Unlock()
	if !due {
		return
	}
	err := d.firewall.Sweep(ctx)
	failing.Note(d.log, err, "rules of no network could not be removed, trying again", "rules of no network are gone")
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.swept = false
	}
}
