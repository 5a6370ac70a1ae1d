package link

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Interface is a pair's end in its container, as the engine makes it of the end that
// it is handed.
type Interface struct {
	// Sandbox is the path of the container's network namespace.
	Sandbox string
	// Name is the interface's. Where it is empty, or another has it, it is the
	// first that is free of Prefix and a number from 0.
	Name   Name
	Prefix Name
	// Gateways are those of default routes, at most one a family. Where the
	// container has such a route already, that stays the only one.
	Gateways []netip.Addr
}

// SandboxReached says why no link can be made again in the container whose network
// namespace the path names, nil where one can.
func (m *Manager) SandboxReached(path string) error {
	s, err := openSandbox(path)
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// RemakeVeth makes the pair of a container that runs, with its end in it. A pair
// that is there is left as it is, a half-made one is made anew. It fails with
// ErrForeign where a link that is not this endpoint's has the name.
func (m *Manager) RemakeVeth(_ context.Context, want Veth, inside Interface) error {
	s, err := openSandbox(inside.Sandbox)
	if err != nil {
		return fmt.Errorf("making link %s again: %w", want.Name, err)
	}
	defer s.close()
	return m.ensureVeth(want, &container{s, inside})
}

// InterfaceName returns the name of the pair's end in the container whose network
// namespace the path names. It fails where there is none that is up: the engine may
// not be done with it, and give it its name only then.
func (m *Manager) InterfaceName(_ context.Context, name Name, path string) (inside Name, err error) {
	s, err := openSandbox(path)
	if err != nil {
		return "", err
	}
	defer s.close()
	found, err := m.find(name)
	if err != nil {
		return "", err
	}
	if found == nil || found.Attrs().NetNsID < 0 {
		return "", fmt.Errorf("link %s has no end in a container", name)
	}
	err = s.within(func(handle *netlink.Handle) error {
		end, err := handle.LinkByIndex(found.Attrs().ParentIndex)
		if err != nil {
			return fmt.Errorf("looking for the other end of link %s: %w", name, err)
		}
		if end.Attrs().NetNsID < 0 || end.Attrs().ParentIndex != found.Attrs().Index {
			return fmt.Errorf("the other end of link %s is not in %s", name, path)
		}
		if end.Attrs().Flags&netFlagUp == 0 {
			return fmt.Errorf("interface %s, the other end of link %s, is down", end.Attrs().Name, name)
		}
		inside, err = ParseName("interface", end.Attrs().Name)
		return err
	})
	return inside, err
}
