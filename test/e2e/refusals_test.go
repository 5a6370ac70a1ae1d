package e2e

import "testing"

// TestBadInput wants each to fail with an error that names the cause, and
// nothing to be left of it.
func TestBadInput(t *testing.T) {
	onEachEngine(t, func(h *host) {
		h.createNetwork("there", "--subnet", "192.168.0.0/24", "-o", "com.docker.network.bridge.name=there0")
		h.run("one", "there")
		h.MustRun("ip", "link", "add", "notabridge", "type", "veth", "peer", "name", "other")
		before := h.whatIsThere()
		option := func(o string) []string { return []string{"-o", o} }
		bridge := func(name string) []string { return option("com.docker.network.bridge.name=" + name) }
		for _, test := range []struct {
			want      string
			arguments []string
		}{
			{"foo", option("foo=bar")},
			{"com.docker.network.bridge.nmae", option("com.docker.network.bridge.nmae=br0")},
			{"enable_icc", option("com.docker.network.bridge.enable_icc=never")},
			{"antispoof", option("mybridge.antispoof=perhaps")},
			{"inhibit_ipv4", option("com.docker.network.bridge.inhibit_ipv4=")},
			{"gateway_mode_ipv4.*nat-unprotected, routed and isolated", option("com.docker.network.bridge.gateway_mode_ipv4=bridged")},
			{"isolated.*not internal", option("com.docker.network.bridge.gateway_mode_ipv4=isolated")},
			{"host_binding_ipv4", option("com.docker.network.bridge.host_binding_ipv4=everywhere")},
			{"host_ipv4.*IPv4 address", option("com.docker.network.host_ipv4=2001:db8::1")},
			{"host_ipv6.*IPv6 address", option("com.docker.network.host_ipv6=192.0.2.1")},
			{"container_iface_prefix", option("com.docker.network.container_iface_prefix=a/b")},
			{"trusted_host_interfaces", option("com.docker.network.bridge.trusted_host_interfaces=eth0:-x")},
			{"mtu", option("com.docker.network.driver.mtu=wide")},
			{"mtu.*68", option("com.docker.network.driver.mtu=67")},
			{"mtu.*65535", option("com.docker.network.driver.mtu=70000")},
			{"mtu", option("com.docker.network.driver.mtu=-1")},
			{"mtu", option("com.docker.network.driver.mtu=1500.5")},
			{"enable_ip_masquerade", option("com.docker.network.bridge.enable_ip_masquerade=maybe")},
			{"parent", option("parent=eth0")},
			{`"a b"`, bridge("a b")},
			{`"a/b"`, bridge("a/b")},
			{`1 to 15`, bridge("abcdefghijklmnop")},
			{`"-br"`, bridge("-br")},
			{`"br\+"`, bridge("br+")},
			{`"\.\."`, bridge("..")},
			{`"br:1"`, bridge("br:1")},
			{`"default"`, bridge("default")},
			{`there0 is in use`, bridge("there0")},
			{`notabridge.*not a bridge`, bridge("notabridge")},
			{`not a bridge`, bridge("lo")},
			{"192.168.0.0/24", []string{"--subnet", "192.168.0.0/24"}},
			{"overlaps.*192.168.0.0/24", []string{"--subnet", "192.168.0.128/25"}},
			{"overlaps.*192.168.0.0/24", []string{"--subnet", "192.168.0.0/16"}},
			{"172.17.0.0/16 is in use.*docker0", []string{"--subnet", "172.17.0.0/16"}},
			{"192.168.9.0/33", []string{"--subnet", "192.168.9.0/33"}},
			{"224.0.0.0", []string{"--subnet", "224.0.0.0/24"}},
			{"127.0.0.0", []string{"--subnet", "127.0.0.0/24"}},
			{"too wide", []string{"--subnet", "10.0.0.0/7"}},
			{"10.9.0.0", []string{"--subnet", "10.9.0.1/24"}},
			{"gateway|10.9.1.1", []string{"--subnet", "10.9.0.0/24", "--gateway", "10.9.1.1"}},
			{"10.9.0.0", []string{"--subnet", "10.9.0.0/24", "--gateway", "10.9.0.0"}},
			{"10.9.0.255", []string{"--subnet", "10.9.0.0/24", "--aux-address", "a=10.9.0.255"}},
			{"10.9.0.1", []string{"--subnet", "10.9.0.0/24", "--gateway", "10.9.0.1", "--aux-address", "a=10.9.0.1"}},
			{"range|10.8.0.0", []string{"--subnet", "10.9.0.0/24", "--ip-range", "10.8.0.0/25"}},
			{"foo", []string{"--ipam-opt", "foo=bar"}},
		} {
			h.wantFailure(test.want, append(append([]string{"docker", "network", "create", "-d", "mybridge", "--ipam-driver", "mybridge"}, test.arguments...), "bad")...)
		}
		for _, test := range []struct {
			want      string
			arguments []string
		}{
			{"192.168.0.2.*in use", []string{"--ip", "192.168.0.2"}},
			{"192.168.0.1.*in use", []string{"--ip", "192.168.0.1"}},
			{"192.168.0.0.*network", []string{"--ip", "192.168.0.0"}},
			{"192.168.0.255.*broadcast", []string{"--ip", "192.168.0.255"}},
			{"192.168.1.7|no configured subnet", []string{"--ip", "192.168.1.7"}},
			{"unicast", []string{"--mac-address", "03:42:c0:a8:00:4d"}},
		} {
			arguments := append([]string{"docker", "run", "--rm", "--network", "there"}, test.arguments...)
			h.wantFailure(test.want, append(arguments, "probe")...)
		}
		h.wantAsBefore(before)
	})
}
