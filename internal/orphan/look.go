package orphan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mybridge/driver"
	"mybridge/internal/health"
	"mybridge/internal/link"
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
	found.strangers = c.strangers()
	found.suspects = c.networks()
	for _, endpoint := range endpoints {
		s, isSuspect, err := c.endpoint(ctx, endpoint)
		if err != nil {
			return look{}, err
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
	if err := f.doubtUsed(ctx, found.suspects, endpoints); err != nil {
		return look{}, err
	}
	return found, nil
}

// doubtUsed doubts those suspects of which a container may use a link. Where there are
// none it does not list the host's links, which takes its time.
func (f *Finder) doubtUsed(ctx context.Context, suspects []suspect, endpoints []driver.Endpoint) error {
	if len(suspects) == 0 {
		return nil
	}
	inContainer, err := f.Links.InContainer(ctx)
	if err != nil {
		return err
	}
	used := map[subject]link.Name{}
	for _, e := range endpoints {
		if inContainer[e.Link] {
			used[subject{network: e.Network}] = e.Link
			used[subject{network: e.Network, endpoint: e.ID}] = e.Link
		}
	}
	for i := range suspects {
		if name, isUsed := used[suspects[i].subject]; isUsed {
			suspects[i].doubt = fmt.Sprintf("its link %s is in a container, or up", name)
		}
	}
	return nil
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
