package driver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// Check compares bridges, links, forwarding and held ports with what should be
// there. It changes nothing. Rules are the packet filter's own to check.
func (d *Driver) Check(ctx context.Context) ([]health.Finding, error) {
	look := func(context.Context, *network, map[link.Name]string) error { return nil }
	findings, err := d.examine(ctx, look)
	host, _, hostErr := d.examineHost(ctx)
	return append(findings, host...), errors.Join(err, hostErr)
}

// Mend is Check, and makes right what it can. It goes on after what it cannot. It
// also learns what it takes to make a link again, where that is not known yet.
func (d *Driver) Mend(ctx context.Context) ([]health.Finding, error) {
	var lost []Endpoint
	findings, err := d.examine(ctx, func(ctx context.Context, n *network, problems map[link.Name]string) error {
		lost = append(lost, n.lost(problems)...)
		return d.mend(ctx, n, problems)
	})
	err = errors.Join(err, d.remakeLinks(ctx, lost), d.learnInterfaces(ctx))
	host, off, hostErr := d.examineHost(ctx)
	for _, ipv6 := range off {
		hostErr = errors.Join(hostErr, d.links.EnsureForwarding(ctx, ipv6))
	}
	return append(findings, host...), errors.Join(err, hostErr)
}

// examine looks at all networks at once, and then under its lock at each that
// seems to have something: until then a call may have been at it.
func (d *Driver) examine(ctx context.Context, treat func(context.Context, *network, map[link.Name]string) error) ([]health.Finding, error) {
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

// findings puts a network's problems into words.
func (d *Driver) findings(n *network, problems map[link.Name]string) []health.Finding {
	var findings []health.Finding
	if problem, ok := problems[n.Bridge]; ok {
		findings = append(findings, health.Finding{
			Part:    health.Links,
			Subject: fmt.Sprintf("bridge %s of network %s", n.Bridge, n.ID.Short()),
			Problem: problem,
			Meaning: "the network's containers reach nobody, or only each other",
			Fix:     "make the bridge as it was, with the same MAC and addresses",
		})
	}
	for id, endpoint := range n.endpoints {
		if problem, ok := problems[endpoint.Link]; ok {
			findings = append(findings, d.vethFinding(endpoint, problem))
		}
		for _, mapping := range n.unheld[id] {
			findings = append(findings, health.Finding{
				Part:    health.Ports,
				Subject: fmt.Sprintf("port %s of endpoint %s", mapping, id.Short()),
				Problem: "is not held: another process has it",
				Meaning: "localhost and the other address family reach that process, not the container",
				Fix:     "hold the port again, if it is free",
			})
		}
	}
	return findings
}

func (d *Driver) vethFinding(endpoint Endpoint, problem string) health.Finding {
	finding := health.Finding{
		Part:    health.Links,
		Subject: fmt.Sprintf("link %s of endpoint %s", endpoint.Link, endpoint.ID.Short()),
		Problem: problem,
		Meaning: "its container reaches nobody on network " + endpoint.Network.Short(),
		Fix:     "make it a port of its bridge again, and bring it up",
	}
	if !isGone(problem) {
		return finding
	}
	finding.Fix = "make it again, and its interface in the container"
	if err := d.links.SandboxReached(endpoint.Sandbox); err != nil {
		finding.Meaning += fmt.Sprintf("; only a restart of the container, or docker network disconnect and connect, gives it another: %v", err)
		finding.Fix = ""
	}
	return finding
}

// mend makes a network's bridge, links and held ports right, but for links that are
// gone.
func (d *Driver) mend(ctx context.Context, n *network, problems map[link.Name]string) error {
	var failures []error
	if _, ok := problems[n.Bridge]; ok {
		failures = append(failures, d.ensureLinks(ctx, n))
		// Ports of a bridge that was made again are ports of none.
		var err error
		if problems, err = d.problems(ctx, n); err != nil {
			return errors.Join(append(failures, err)...)
		}
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

// examineHost finds the families whose forwarding a network needs and somebody
// turned off.
func (d *Driver) examineHost(ctx context.Context) (findings []health.Finding, off []bool, err error) {
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
		if !isOff {
			continue
		}
		off = append(off, ipv6)
		findings = append(findings, health.Finding{
			Part:    health.Host,
			Subject: "setting " + setting,
			Problem: "is off",
			Meaning: "containers reach nothing outside of their network, and nobody reaches their ports",
			Fix:     "turn it on",
		})
	}
	return findings, off, err
}
