package scale

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mybridge/test/kernel"
)

// workers make calls at a time, as an engine does that starts containers.
const workers = 8

// TestStart wants all there again after a kill, and after a reboot, from which only
// the state is left: bridges, rules and held ports. It prints how soon the first call
// was answered; MYBRIDGE_SCALE_ENDPOINTS=1000 asks for as many as a large host has.
func TestStart(t *testing.T) {
	for _, networks := range []int{10, 100} {
		t.Run(fmt.Sprintf("%d networks", networks), func(t *testing.T) {
			kernel.Namespace(t)
			endpoints := endpointCount(t)
			p := newPlugin(t)
			p.Spawn()
			began := time.Now()
			first := p.fill(networks, endpoints)
			t.Logf("%d endpoints on %d networks made in %s", endpoints, networks, since(began))
			before := p.look()
			want := present{bridges: networks, veths: endpoints, ports: 2 * endpoints, rules: before.rules} // IPv4 and IPv6
			if before != want {
				t.Fatalf("there is\n%+v\nwant\n%+v", before, want)
			}
			p.restart("a kill", first)
			if after := p.look(); after != before {
				t.Errorf("after a kill there is\n%+v\nbefore there was\n%+v", after, before)
			}
			reboot(t, p)
			p.restart("a reboot", first)
			before.veths = 0 // the containers' are theirs, and come with them
			if after := p.look(); after != before {
				t.Errorf("after a reboot there is\n%+v\nbefore there was\n%+v", after, before)
			}
		})
	}
}

func endpointCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MYBRIDGE_SCALE_ENDPOINTS")
	if text == "" {
		return 100
	}
	count, err := strconv.Atoi(text)
	must(t, err)
	return count
}

// fill makes networks, and endpoints with a published port each, and returns one of
// these.
func (p *plugin) fill(networks, endpoints int) object {
	p.t.Helper()
	var making errgroup.Group
	making.SetLimit(workers)
	for n := range networks {
		must(p.t, p.makeNetwork(n))
		for e := n; e < endpoints; e += networks {
			making.Go(func() error { return p.makeEndpoint(n, e) })
		}
	}
	must(p.t, making.Wait())
	return object{"NetworkID": networkID(0), "EndpointID": endpointID(0)}
}

func networkID(number int) string  { return id("network", number) }
func endpointID(number int) string { return id("endpoint", number) }

// id is one of an engine's kind: the first digits tell it from others.
func id(kind string, number int) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, number)))
}

// The subnets and their pools, by the network's number.
func subnetOf(number int) string { return fmt.Sprintf("10.%d.%d.0/24", number/250, number%250) }
func poolOf(number int) string   { return "mybridge-local/" + subnetOf(number) }

func (p *plugin) makeNetwork(number int) error {
	if _, err := p.Call(p.t.Context(), "IpamDriver.RequestPool", object{"AddressSpace": "mybridge-local", "Pool": subnetOf(number)}); err != nil {
		return err
	}
	gateway, err := p.Call(p.t.Context(), "IpamDriver.RequestAddress", object{
		"PoolID": poolOf(number), "Options": object{"RequestAddressType": "com.docker.network.gateway"},
	})
	if err != nil {
		return err
	}
	_, err = p.Call(p.t.Context(), "NetworkDriver.CreateNetwork", object{
		"NetworkID": networkID(number),
		"IPv4Data":  []object{{"AddressSpace": "mybridge-local", "Pool": subnetOf(number), "Gateway": gateway["Address"]}},
	})
	return err
}

// makeEndpoint publishes port 20000 and the endpoint's number.
func (p *plugin) makeEndpoint(network, number int) error {
	address, err := p.Call(p.t.Context(), "IpamDriver.RequestAddress", object{"PoolID": poolOf(network)})
	if err != nil {
		return err
	}
	ids := func(more object) object {
		more["NetworkID"], more["EndpointID"] = networkID(network), endpointID(number)
		return more
	}
	port := object{"Proto": 6, "Port": 80, "HostPort": 20000 + number, "HostPortEnd": 20000 + number}
	for _, call := range []struct {
		method string
		body   object
	}{
		{"NetworkDriver.CreateEndpoint", ids(object{"Interface": object{"Address": address["Address"]}})},
		{"NetworkDriver.Join", ids(object{"SandboxKey": fmt.Sprintf("/var/run/docker/netns/%012x", number)})},
		{"NetworkDriver.ProgramExternalConnectivity", ids(object{"Options": object{"com.docker.network.portmap": []object{port}}})},
	} {
		if _, err := p.Call(p.t.Context(), call.method, call.body); err != nil {
			return err
		}
	}
	return nil
}

// restart kills the plugin, starts it, and prints how soon it answers a call that
// needs the state.
func (p *plugin) restart(after string, endpoint object) {
	p.t.Helper()
	p.Kill()
	began := time.Now()
	p.Spawn()
	_, err := p.Call(p.t.Context(), "NetworkDriver.EndpointOperInfo", endpoint)
	must(p.t, err)
	p.t.Logf("after %s: first call answered after %s, %d MiB resident, %d at most", after, since(began), p.memory("VmRSS"), p.memory("VmHWM"))
}

// reboot ends the plugin and leaves nothing of the kernel's part. The old namespace is
// kept, as the kernel would be busy with its removal.
func reboot(t *testing.T, p *plugin) {
	t.Helper()
	p.Kill()
	old, err := os.Open("/proc/thread-self/ns/net")
	must(t, err)
	t.Cleanup(func() { _ = old.Close() }) // it was only kept open
	kernel.Namespace(t)
}

// present is what is there.
type present struct {
	bridges, veths, ports int
	rules                 string
}

// look counts links, rules and ports that are held.
func (p *plugin) look() present {
	p.t.Helper()
	answer, err := p.Get(p.t.Context(), "/metrics")
	must(p.t, err)
	var links []struct {
		Alias string `json:"ifalias"`
	}
	must(p.t, json.Unmarshal([]byte(kernel.Run(p.t, "ip", "-json", "link", "show")), &links))
	there := present{rules: rules(p.t)}
	for _, link := range links {
		switch {
		case strings.Contains(link.Alias, " endpoint="):
			there.veths++
		case strings.HasPrefix(link.Alias, "mybridge/"):
			there.bridges++
		}
	}
	for line := range strings.Lines(string(answer)) {
		if held, found := strings.CutPrefix(line, `mybridge_ports_held{protocol="tcp"} `); found {
			there.ports, err = strconv.Atoi(strings.TrimSpace(held))
			must(p.t, err)
		}
	}
	return there
}

// rules is a digest of all rules that there are, whatever their order: that of a set's
// elements, and of chains, is of no meaning.
func rules(t *testing.T) string {
	t.Helper()
	listed := kernel.Run(t, "nft", "--stateless", "list", "ruleset")
	words := strings.Fields(strings.ReplaceAll(listed, ",", " "))
	slices.Sort(words)
	return fmt.Sprintf("%d words, %x", len(words), sha256.Sum256([]byte(strings.Join(words, " "))))
}

func since(began time.Time) time.Duration { return time.Since(began).Round(time.Millisecond) }
