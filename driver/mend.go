package driver

import (
	"context"
	"errors"
	"fmt"

	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// Mend is Check, and makes right what it can. It goes on after what it cannot. It
// also learns what it takes to make a link again, where that is not known yet.
func (d *Driver) Mend(ctx context.Context) ([]health.Finding, error) {
	return d.MendBut(ctx, nothing)
}

// nothing is spared.
func nothing(string) bool { return false }

// MendBut is Mend without the links and settings that are spared, by the subjects of
// findings. A port that another process has is tried at each look.
func (d *Driver) MendBut(ctx context.Context, spared func(subject string) bool) ([]health.Finding, error) {
	var lost []Endpoint
	stillTaken := map[string]bool{}
	findings, err := d.examine(ctx, spared, func(ctx context.Context, n *network, problems map[link.Name]string) error {
		lost = append(lost, n.lost(problems)...)
		err := d.mend(ctx, n, problems, spared)
		for id, mappings := range n.unheld {
			for _, mapping := range mappings {
				stillTaken[subjectOf(mapping, id)] = true
			}
		}
		return err
	})
	for i := range findings {
		if stillTaken[findings[i].Subject] {
			findings[i].Fix = ""
		}
	}
	err = errors.Join(err, d.remakeLinks(ctx, lost), d.learnInterfaces(ctx))
	host, off, hostErr := d.examineHost(ctx, spared)
	for _, ipv6 := range off {
		hostErr = errors.Join(hostErr, d.links.EnsureForwarding(ctx, ipv6))
	}
	return append(findings, host...), errors.Join(err, hostErr)
}

// mend makes a network's bridge, links and held ports right, but for links that are
// gone.
func (d *Driver) mend(ctx context.Context, n *network, problems map[link.Name]string, spared func(subject string) bool) error {
	var failures []error
	if problem, ok := problems[n.Bridge]; ok && (n.OwnsBridge || problem != link.Gone) {
		failures = append(failures, d.mendBridge(ctx, n))
		// Ports of a bridge that was made again are ports of none.
		var err error
		if problems, err = d.problems(ctx, n); err != nil {
			return errors.Join(append(failures, err)...)
		}
		n.leaveOut(problems, spared)
	}
	for id, endpoint := range n.endpoints {
		if problem, ok := problems[endpoint.Link]; ok && !isGone(problem) {
			failures = append(failures, d.links.ReattachVeth(ctx, n.veth(endpoint)))
		}
		d.resume(n, endpoint, n.unheld[id])
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("repairing network %s: %w", n.ID.Short(), err)
	}
	return nil
}

// mendBridge also has the rules and the record follow the MAC of a bridge that
// somebody else made again.
func (d *Driver) mendBridge(ctx context.Context, n *network) error {
	before := n.BridgeMAC
	err := d.ensureLinks(ctx, n)
	if err == nil && n.BridgeMAC != before {
		err = d.firewall.SetNetwork(ctx, d.filtered(n))
		if err == nil {
			err = d.state.PutNetwork(ctx, n.Network)
		}
	}
	if err != nil {
		n.BridgeMAC = before // so that it is found again
	}
	return err
}

// resume holds the mappings of an endpoint again, and remembers those that it
// could not have.
func (d *Driver) resume(n *network, endpoint Endpoint, mappings []hostport.Mapping) {
	var unheld []hostport.Mapping
	for _, mapping := range mappings {
		if err := d.ports.Resume(string(endpoint.ID), []hostport.Mapping{mapping}); err != nil {
			unheld = append(unheld, mapping)
		}
	}
	delete(n.unheld, endpoint.ID)
	if len(unheld) > 0 {
		n.unheld[endpoint.ID] = unheld
	}
}
