package bounds

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"mybridge/test/daemon"
	"mybridge/test/kernel"
)

type object map[string]any

// networkID is the nth network's, whose bridge has the name that bridgeOf says.
func networkID(n int) string { return fmt.Sprintf("%04x%060x", n, 0) }

func bridgeOf(n int) string { return "mb-" + networkID(n)[:12] }

func endpointID(n, e int) string { return fmt.Sprintf("%04x%04x%056x", n, e, 0) }

// createNetwork makes the nth network, 10.<n>.0.0/16.
func (p *plugin) createNetwork(n int) error {
	data := []object{{"AddressSpace": "LocalDefault", "Pool": fmt.Sprintf("10.%d.0.0/16", n), "Gateway": fmt.Sprintf("10.%d.0.1/16", n)}}
	_, err := p.Call(p.t.Context(), "NetworkDriver.CreateNetwork", object{"NetworkID": networkID(n), "Options": object{}, "IPv4Data": data, "IPv6Data": []object{}})
	return err
}

func (p *plugin) deleteNetwork(n int) error {
	_, err := p.Call(p.t.Context(), "NetworkDriver.DeleteNetwork", object{"NetworkID": networkID(n)})
	return err
}

// createEndpoint makes the eth endpoint of the nth network, and attaches it.
func (p *plugin) createEndpoint(n, e int) error {
	ids := object{"NetworkID": networkID(n), "EndpointID": endpointID(n, e), "Options": object{}}
	_, err := p.Call(p.t.Context(), "NetworkDriver.CreateEndpoint", ids.with("Interface", object{"Address": fmt.Sprintf("10.%d.1.%d/16", n, e), "AddressIPv6": "", "MacAddress": ""}))
	if err == nil {
		_, err = p.Call(p.t.Context(), "NetworkDriver.Join", ids.with("SandboxKey", fmt.Sprintf("/run/docker/netns/%d-%d", n, e)))
	}
	return err
}

// publish has the endpoint's port 80 reached by the host's ports.
func (p *plugin) publish(n, e int, ports ...int) error {
	var list []object
	for i, port := range ports {
		list = append(list, object{"Proto": 6, "IP": "", "Port": 80 + i, "HostIP": "", "HostPort": port, "HostPortEnd": port})
	}
	_, err := p.Call(p.t.Context(), "NetworkDriver.ProgramExternalConnectivity", object{
		"NetworkID": networkID(n), "EndpointID": endpointID(n, e), "Options": object{"com.docker.network.portmap": list},
	})
	return err
}

// tryDeletion deletes the nth network, which the plugin may refuse with the pattern, or
// do as soon as it can.
func (p *plugin) tryDeletion(pattern string, n int) {
	p.t.Helper()
	if err := p.deleteNetwork(n); err != nil {
		p.wantRefused(pattern, err)
	}
}

func (p *plugin) deleteEndpoint(n, e int) error {
	_, err := p.Call(p.t.Context(), "NetworkDriver.DeleteEndpoint", object{"NetworkID": networkID(n), "EndpointID": endpointID(n, e)})
	return err
}

func (o object) with(key string, value any) object {
	all := object{key: value}
	for k, v := range o {
		all[k] = v
	}
	return all
}

// must fails the test where something failed that should not.
func (p *plugin) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// wantRefused wants an error that the plugin answered, in which the pattern is found.
func (p *plugin) wantRefused(pattern string, err error) {
	p.t.Helper()
	if !errors.Is(err, daemon.ErrRefused) || !regexp.MustCompile(pattern).MatchString(err.Error()) {
		p.t.Errorf("got error %v, want that the plugin refuses it with %q", err, pattern)
	}
}

// look returns what there is of links, addresses, rules and listening sockets. Of
// iptables it leaves out the tables, which stay once they were asked for.
func (p *plugin) look() string {
	p.t.Helper()
	var text strings.Builder
	for _, command := range [][]string{
		{"ip", "-o", "link", "show"}, {"ip", "-o", "-4", "address", "show"}, {"nft", "list", "ruleset"}, {"ss", "-Htuln"},
	} {
		text.WriteString(kernel.Run(p.t, command[0], command[1:]...))
	}
	for _, program := range []string{"iptables-legacy-save", "ip6tables-legacy-save"} {
		for line := range strings.Lines(kernel.Run(p.t, program)) {
			if strings.HasPrefix(line, "-A") || strings.Contains(line, "MYBRIDGE") {
				text.WriteString(line)
			}
		}
	}
	return text.String()
}

// wantLook wants all to be as it was, or to become so: what is deleted goes some time
// after the call, and is tried again where it fails.
func (p *plugin) wantLook(before string) {
	p.t.Helper()
	after := p.look()
	for deadline := time.Now().Add(longestWait); after != before && time.Now().Before(deadline); after = p.look() {
		time.Sleep(50 * time.Millisecond)
	}
	if after != before {
		p.t.Errorf("there was\n%s\nand is\n%s", before, after)
	}
}
