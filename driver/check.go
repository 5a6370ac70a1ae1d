package driver

import (
	"context"
	"errors"
	"maps"
	"slices"

	"mybridge/internal/health"
	"mybridge/internal/link"
)

// Check compares bridges, links, forwarding and held ports with what should be
// there. It changes nothing. Rules are the packet filter's own to check.
func (d *Driver) Check(ctx context.Context) ([]health.Finding, error) {
	look := func(context.Context, *network, map[link.Name]string) error { return nil }
	findings, err := d.examine(ctx, nothing, look)
	host, _, hostErr := d.examineHost(ctx, nothing)
	return append(findings, host...), errors.Join(err, hostErr)
}

// examine looks at all networks at once, and then under its lock at each that
// seems to have something: until then a call may have been at it.
func (d *Driver) examine(ctx context.Context, spared func(subject string) bool, treat func(context.Context, *network, map[link.Name]string) error) ([]health.Finding, error) {
	suspects, err := d.suspects(ctx)
	if err != nil {
		return nil, err
	}
	var findings []health.Finding
	var failures []error
	for _, id := range suspects {
		n, err := d.lockedNetwork(ctx, id)
		if errors.Is(err, ErrUnknownNetwork) {
			continue
		}
		if err != nil {
			return nil, err
		}
		problems, err := d.problems(ctx, n)
		if err == nil && n.Phase == Ready {
			n.leaveOut(problems, spared)
			findings = append(findings, d.findings(n, problems)...)
			err = treat(ctx, n, problems)
		}
		n.unlock()
		failures = append(failures, err)
	}
	return findings, errors.Join(failures...)
}

// suspects are the networks that seem to have a problem.
func (d *Driver) suspects(ctx context.Context) ([]NetworkID, error) {
	var bridges []link.Bridge
	var veths []link.Veth
	owner := map[link.Name]NetworkID{}
	suspects := map[NetworkID]bool{}
	err := d.eachNetwork(ctx, func(n *network) {
		if n.Phase != Ready {
			return
		}
		bridges = append(bridges, n.bridge())
		owner[n.Bridge] = n.ID
		for _, veth := range n.attached() {
			veths = append(veths, veth)
			owner[veth.Name] = n.ID
		}
		if len(n.unheld) > 0 {
			suspects[n.ID] = true
		}
	})
	if err != nil {
		return nil, err
	}
	problems, err := d.links.Problems(ctx, bridges, veths)
	for name := range problems {
		suspects[owner[name]] = true
	}
	return slices.Collect(maps.Keys(suspects)), err
}

// eachNetwork calls do with each network, locked.
func (d *Driver) eachNetwork(ctx context.Context, do func(n *network)) error {
	d.mu.Lock()
	var ids []NetworkID
	for id := range d.networks {
		ids = append(ids, id)
	}
	d.mu.Unlock()
	for _, id := range ids {
		n, err := d.lockedNetwork(ctx, id)
		if errors.Is(err, ErrUnknownNetwork) {
			continue
		}
		if err != nil {
			return err
		}
		do(n)
		n.unlock()
	}
	return nil
}

// attached are the links of the endpoints that containers are attached to.
func (n *network) attached() []link.Veth {
	var veths []link.Veth
	for _, endpoint := range n.endpoints {
		if n.isAttached(endpoint) {
			veths = append(veths, n.veth(endpoint))
		}
	}
	return veths
}

func (d *Driver) problems(ctx context.Context, n *network) (map[link.Name]string, error) {
	return d.links.Problems(ctx, []link.Bridge{n.bridge()}, n.attached())
}

// leaveOut takes out of the problems those of what is spared, and those of links that
// wait for their bridge: one that is spared, or that is not ours to make.
func (n *network) leaveOut(problems map[link.Name]string, spared func(subject string) bool) {
	problem, broken := problems[n.Bridge]
	switch {
	case broken && spared(n.subject()):
		clear(problems)
	case problem == link.Gone && !n.OwnsBridge:
		clear(problems)
		problems[n.Bridge] = problem
	}
	for _, endpoint := range n.endpoints {
		if spared(endpoint.subject()) {
			delete(problems, endpoint.Link)
		}
	}
}

// examineHost finds the families whose forwarding a network needs and somebody
// turned off.
func (d *Driver) examineHost(ctx context.Context, spared func(subject string) bool) (findings []health.Finding, off []bool, err error) {
	needed := map[bool]bool{}
	err = d.eachNetwork(ctx, func(n *network) {
		for _, subnet := range n.subnets() {
			ipv6 := subnet.Pool.Addr().Is6()
			needed[ipv6] = needed[ipv6] || !n.Internal
		}
	})
	for ipv6, need := range needed {
		if !need {
			continue
		}
		isOff, setting, unknown := d.links.ForwardingOff(ctx, ipv6)
		err = errors.Join(err, unknown)
		subject := "setting " + setting
		if !isOff || spared(subject) {
			continue
		}
		off = append(off, ipv6)
		findings = append(findings, health.Finding{
			Part:    health.Host,
			Subject: subject,
			Problem: "is off",
			Meaning: "containers reach nothing outside of their network, and nobody reaches their ports",
			Fix:     "turn it on",
		})
	}
	return findings, off, err
}
