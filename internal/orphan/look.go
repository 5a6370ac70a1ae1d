package orphan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mybridge/internal/health"
)

// look is what one comparison with the engine has found.
type look struct {
	// at is before anybody was asked.
	at       time.Time
	suspects []suspect
	// strangers are networks of our driver that only the engine knows.
	strangers []health.Finding
	// engine is the ID of one that knows a network of ours, else empty.
	engine string
}

// look compares once. Ours are listed first: what is created meanwhile is then not
// taken for an orphan.
func (f *Finder) look(ctx context.Context, e Engine) (look, error) {
	found := look{at: time.Now()}
	networks, endpoints, err := f.Networks.Records(ctx)
	if err != nil {
		return look{}, err
	}
	unused := f.Addresses.Unused()
	inContainer, err := f.Links.InContainer(ctx)
	if err != nil {
		return look{}, err
	}
	before, err := f.Engines.KnownEngine(ctx)
	if err != nil {
		return look{}, err
	}
	known, err := ask(ctx, e)
	if err != nil {
		return look{}, err
	}
	c := compare(f.Name, known, networks, unused)
	if c.shared > 0 {
		found.engine = known.id
	} else if known.id != before {
		c.doubtEngine()
	}
	for _, endpoint := range endpoints {
		if inContainer[endpoint.Link] {
			c.attached[endpoint.Network] = fmt.Sprintf("link %s of it is in a container, or up", endpoint.Link)
		}
	}
	found.strangers = c.strangers()
	found.suspects = c.networks()
	for _, endpoint := range endpoints {
		s, isSuspect, err := c.endpoint(ctx, endpoint)
		if err != nil {
			return look{}, err
		}
		if isSuspect && inContainer[endpoint.Link] {
			s.doubt = fmt.Sprintf("its link %s is in a container, or up", endpoint.Link)
		}
		if isSuspect {
			found.suspects = append(found.suspects, s)
		}
	}
	for _, u := range unused {
		s, isSuspect, err := c.unused(ctx, u)
		if err != nil {
			return look{}, err
		}
		if isSuspect {
			found.suspects = append(found.suspects, s)
		}
	}
	return found, nil
}

// again keeps what a later look has found as well, as it is now.
func (l look) again(later look) look {
	kept := look{at: l.at}
	for _, s := range later.suspects {
		if slices.ContainsFunc(l.suspects, func(before suspect) bool { return before.subject == s.subject }) {
			kept.suspects = append(kept.suspects, s)
		}
	}
	for _, stranger := range later.strangers {
		if slices.Contains(l.strangers, stranger) {
			kept.strangers = append(kept.strangers, stranger)
		}
	}
	return kept
}
