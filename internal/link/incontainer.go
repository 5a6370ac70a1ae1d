package link

import (
	"context"

	"golang.org/x/sys/unix"
)

// InContainer returns the veth pairs whose other end is in another namespace, or is
// up: some container may use them, whatever anybody says. It looks once at all links.
func (m *Manager) InContainer(_ context.Context) (map[Name]bool, error) {
	links, err := m.listLinks(withoutStatistics, isVeth)
	if err != nil {
		return nil, err
	}
	inContainer := map[Name]bool{}
	for _, l := range links {
		attributes := l.Attrs()
		// Without an ID the other end is in this namespace; with a carrier it is up.
		if attributes.NetNsID >= 0 || attributes.RawFlags&unix.IFF_LOWER_UP != 0 {
			inContainer[Name(attributes.Name)] = true
		}
	}
	return inContainer, nil
}
