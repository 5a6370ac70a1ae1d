package driver

import (
	"fmt"

	"mybridge/internal/health"
	"mybridge/internal/hostport"
	"mybridge/internal/link"
)

// subject is the bridge as findings name it.
func (n *network) subject() string {
	return fmt.Sprintf("bridge %s of network %s", n.Bridge, n.ID.Short())
}

// subject is the link as findings name it.
func (e Endpoint) subject() string {
	return fmt.Sprintf("link %s of endpoint %s", e.Link, e.ID.Short())
}

// subjectOf is a port that is not held as findings name it.
func subjectOf(mapping hostport.Mapping, of EndpointID) string {
	return fmt.Sprintf("port %s of endpoint %s", mapping, of.Short())
}

// findings puts a network's problems into words.
func (d *Driver) findings(n *network, problems map[link.Name]string) []health.Finding {
	var findings []health.Finding
	if problem, ok := problems[n.Bridge]; ok {
		findings = append(findings, n.bridgeFinding(problem))
	}
	for id, endpoint := range n.endpoints {
		if problem, ok := problems[endpoint.Link]; ok {
			findings = append(findings, d.vethFinding(endpoint, problem))
		}
		for _, mapping := range n.unheld[id] {
			findings = append(findings, health.Finding{
				Part:    health.Ports,
				Subject: subjectOf(mapping, id),
				Problem: "is not held: another process has it",
				Meaning: "localhost and the other address family reach that process, not the container",
				Fix:     "hold the port again, if it is free",
			})
		}
	}
	return findings
}

func (n *network) bridgeFinding(problem string) health.Finding {
	finding := health.Finding{
		Part:    health.Links,
		Subject: n.subject(),
		Problem: problem,
		Meaning: "the network's containers reach nobody, or only each other",
		Fix:     "make the bridge as it was, with the same MAC and addresses",
	}
	switch {
	case n.OwnsBridge:
	case problem == link.Gone:
		finding.Meaning += "; it was there before the network: make it again, and its containers are attached to it"
		finding.Fix = ""
	case problem == link.OtherMAC:
		finding.Meaning = "containers may take its MAC for theirs"
		finding.Fix = "keep the MAC that it has now from containers"
	default:
		finding.Fix = "bring it up"
	}
	return finding
}

func (d *Driver) vethFinding(endpoint Endpoint, problem string) health.Finding {
	finding := health.Finding{
		Part:    health.Links,
		Subject: endpoint.subject(),
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
