package e2e

import (
	"fmt"
	"strings"
	"testing"
)

func TestFixedAddressAndMAC(t *testing.T) {
	steps(t, func(h *host, between func()) {
		before := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		between()
		h.run("one", "n1", "--ip", "192.168.0.77", "--mac-address", "02:42:c0:a8:00:4d")
		between()
		h.run("two", "n1")
		between()
		h.wantAddress("one", "n1", "192.168.0.77")
		h.wantReached("two", "192.168.0.77")
		inside, err := h.probe("one", "addr")
		if err != nil || !strings.Contains(inside, "02:42:c0:a8:00:4d") || !strings.Contains(inside, "eth0") {
			h.t.Errorf("in the container is %s, %v; want eth0 with the MAC asked for", inside, err)
		}
		h.wantFailure("192.168.0.77.*in use", "docker", "run", "--rm", "--network", "n1", "--ip", "192.168.0.77", "probe")
		h.MustDocker("rm", "-f", "one", "two")
		between()
		h.MustDocker("network", "rm", "n1")
		between()
		h.wantAsBefore(before)
	})
}

// TestLinkTellsItsOwner wants a person to find network and endpoint of a link.
func TestLinkTellsItsOwner(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		h.run("one", "n1")
		network := h.MustDocker("network", "inspect", "-f", "{{.Id}}", "n1")
		endpoint := h.MustDocker("inspect", "-f", "{{.NetworkSettings.Networks.n1.EndpointID}}", "one")
		links := h.MustRun("ip", "link", "show", "master", "mb-"+network[:12])
		if want := "network=" + network + " endpoint=" + endpoint + " 192.168.0.2/24"; !strings.Contains(links, want) {
			h.t.Errorf("%q is not in %s", want, links)
		}
	})
}

func TestConnectAndDisconnect(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("n1", "--subnet", "192.168.1.0/24")
		h.run("one", "none")
		h.MustDocker("network", "disconnect", "none", "one")
		h.run("peer", "n1")
		before := h.whatIsThere()
		for range 3 {
			h.MustDocker("network", "connect", "n1", "one")
			h.wantReached("one", "peer")
			h.MustDocker("network", "disconnect", "n1", "one")
			h.wantAsBefore(before)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	onEachEngine(t, func(h *host) {
		before := h.whatIsThere()
		h.createNetwork("n1", "--subnet", "192.168.0.0/24")
		const many = 16
		names := make([]string, many)
		failures := make(chan error, many)
		for i := range names {
			names[i] = fmt.Sprint("container", i)
			go func() {
				_, err := h.Docker("run", "-d", "--name", names[i], "--network", "n1", "probe")
				failures <- err
			}()
		}
		for range names {
			if err := <-failures; err != nil {
				h.t.Error(err)
			}
		}
		holders := map[string]string{}
		for _, name := range names {
			address := h.address(name, "n1")
			if other := holders[address]; other != "" {
				h.t.Errorf("%s and %s both have %s", other, name, address)
			}
			holders[address] = name
			h.wantReached(names[0], address)
		}
		h.MustDocker(append([]string{"rm", "-f"}, names...)...)
		h.MustDocker("network", "rm", "n1")
		h.wantAsBefore(before)
	})
}
