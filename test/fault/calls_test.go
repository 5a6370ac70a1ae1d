package fault

import (
	"strings"
)

var gatewayOption = object{"RequestAddressType": "com.docker.network.gateway"}

func endpointName(name string) object { return object{"com.docker.network.endpoint.name": name} }

// restart is no call: the plugin is killed and started.
func restart() *call { return &call{name: "restart"} }

// requestPool remembers the pool under the key.
func requestPool(key, subnet string, ipv6 bool) *call {
	return &call{
		name: "RequestPool " + key, method: "IpamDriver.RequestPool", unnamed: true,
		body: func(*life) any {
			return object{"AddressSpace": "mybridge-local", "Pool": subnet, "SubPool": "", "Options": nil, "V6": ipv6}
		},
		answered: func(l *life, answer object) error {
			l.known[key], l.known[key+" subnet"] = answer["PoolID"].(string), answer["Pool"].(string)
			return nil
		},
		undo: &call{
			name: "ReleasePool " + key, method: "IpamDriver.ReleasePool",
			body: func(l *life) any { return object{"PoolID": l.known[key]} },
		},
	}
}

// requestAddress remembers the address, with its subnet's length, under the key.
func requestAddress(key, pool, address string, options object) *call {
	return &call{
		name: "RequestAddress " + key, method: "IpamDriver.RequestAddress", unnamed: true,
		body: func(l *life) any { return object{"PoolID": l.known[pool], "Address": address, "Options": options} },
		answered: func(l *life, answer object) error {
			l.known[key] = answer["Address"].(string)
			return nil
		},
		undo: &call{
			name: "ReleaseAddress " + key, method: "IpamDriver.ReleaseAddress",
			body: func(l *life) any {
				alone, _, _ := strings.Cut(l.known[key], "/")
				return object{"PoolID": l.known[pool], "Address": alone}
			},
		},
	}
}

// createNetwork takes keys of pools, whose gateways are remembered, or subnets whose
// first address is the gateway.
func createNetwork(id string, options object, pools ...string) *call {
	return &call{
		name: "CreateNetwork", method: "NetworkDriver.CreateNetwork",
		body: func(l *life) any {
			data := map[bool][]object{false: {}, true: {}}
			for _, pool := range pools {
				space, subnet, gateway := "LocalDefault", pool, strings.Replace(pool, ".0/", ".1/", 1)
				if ours, known := l.known[pool+" subnet"]; known {
					space, subnet, gateway = "mybridge-local", ours, l.known[strings.Replace(pool, "ipv", "gateway", 1)]
				}
				isIPv6 := strings.Contains(subnet, ":")
				data[isIPv6] = append(data[isIPv6], object{"AddressSpace": space, "Pool": subnet, "Gateway": gateway})
			}
			return object{"NetworkID": id, "Options": options, "IPv4Data": data[false], "IPv6Data": data[true]}
		},
		undo: &call{
			name: "DeleteNetwork", method: "NetworkDriver.DeleteNetwork",
			body: func(*life) any { return ids{NetworkID: id} },
		},
	}
}

// createEndpoint takes keys of addresses, or addresses.
func createEndpoint(e ids, ipv4, ipv6 string) *call {
	return &call{
		name: "CreateEndpoint " + e.short()[:1], method: "NetworkDriver.CreateEndpoint",
		body: func(l *life) any {
			return object{
				"NetworkID": e.NetworkID, "EndpointID": e.EndpointID, "Options": object{},
				"Interface": object{"Address": l.value(ipv4), "AddressIPv6": l.value(ipv6), "MacAddress": ""},
			}
		},
		undo: &call{
			name: "DeleteEndpoint " + e.short()[:1], method: "NetworkDriver.DeleteEndpoint",
			body: func(*life) any { return e },
		},
	}
}

// join remembers what Join says of the interface.
func join(e ids, container string) *call {
	return &call{
		name: "Join " + e.short()[:1], method: "NetworkDriver.Join", halfway: true, unfinished: true,
		body: func(*life) any {
			return object{"NetworkID": e.NetworkID, "EndpointID": e.EndpointID, "SandboxKey": "/var/run/docker/netns/" + container, "Options": object{}}
		},
		answered: func(l *life, answer object) error {
			l.known[e.EndpointID] = answer["InterfaceName"].(object)["SrcName"].(string)
			l.known[e.EndpointID+" gateway4"], _ = answer["Gateway"].(string)
			l.known[e.EndpointID+" gateway6"], _ = answer["GatewayIPv6"].(string)
			return nil
		},
		undo: &call{
			name: "Leave " + e.short()[:1], method: "NetworkDriver.Leave",
			body: func(*life) any { return e },
		},
	}
}

// move is no call: the engine moves the interface into the container, and its undo
// moves it back to the host.
func move(e ids, container string, keys ...string) *call {
	const device = "eth0"
	return &call{
		name: "move " + e.short()[:1],
		answered: func(l *life, _ object) error {
			var addresses []string
			for _, key := range keys {
				addresses = append(addresses, l.value(key))
			}
			return l.world.attach(container, l.known[e.EndpointID], device, addresses, l.known[e.EndpointID+" gateway4"], l.known[e.EndpointID+" gateway6"])
		},
		undo: &call{
			name:     "move back " + e.short()[:1],
			answered: func(l *life, _ object) error { return l.world.detach(container, l.known[e.EndpointID], device) },
		},
	}
}

// publish asks for all the ports that the endpoint is to have.
func publish(e ids, ports ...object) *call {
	return &call{
		name: "ProgramExternalConnectivity " + e.short()[:1], method: "NetworkDriver.ProgramExternalConnectivity", halfway: true,
		body: func(*life) any {
			return object{"NetworkID": e.NetworkID, "EndpointID": e.EndpointID, "Options": object{"com.docker.network.portmap": ports}}
		},
		undo: &call{
			name: "RevokeExternalConnectivity " + e.short()[:1], method: "NetworkDriver.RevokeExternalConnectivity",
			body: func(*life) any { return e },
		},
	}
}

func tcp(host, container int) object { return port(6, host, container) }
func udp(host, container int) object { return port(17, host, container) }

func port(protocol, host, container int) object {
	return object{"Proto": protocol, "IP": "", "Port": container, "HostIP": "", "HostPort": host, "HostPortEnd": host}
}
