package protocol

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/docker/go-plugins-helpers/network"

	"mybridge/driver"
	"mybridge/internal/firewall"
	"mybridge/internal/link"
	"mybridge/internal/server"
)

// Networks answers the NetworkDriver calls.
type Networks interface {
	CreateNetwork(ctx context.Context, config driver.NetworkConfig) error
	DeleteNetwork(ctx context.Context, id driver.NetworkID) error
	CreateEndpoint(ctx context.Context, config driver.EndpointConfig) (driver.Endpoint, error)
	EndpointExists(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error
	Join(ctx context.Context, network driver.NetworkID, id driver.EndpointID, sandbox string) (driver.Attachment, error)
	Publish(ctx context.Context, network driver.NetworkID, id driver.EndpointID, publication driver.Publication) error
	Unpublish(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error
	// Leave also takes the ports back.
	Leave(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error
	DeleteEndpoint(ctx context.Context, network driver.NetworkID, id driver.EndpointID) error
}

// capabilities has a field that the library's type lacks: from 28.0 on the
// engine sends GwAllocCheck to who sets it.
type capabilities struct {
	network.CapabilitiesResponse
	GwAllocChecker bool
}

// gatewayCheckRequest and gatewayCheckResponse are GwAllocCheck's, engine 28.0.
type gatewayCheckRequest struct{ Options map[string]any }

type gatewayCheckResponse struct{ SkipIPv4, SkipIPv6 bool }

// joinResponse has a field that the library's type lacks: from 29.8 on the engine
// takes the interface's whole name.
type joinResponse struct {
	network.JoinResponse
	InterfaceName interfaceName
}

type interfaceName struct {
	network.InterfaceName
	DstName string
}

func networkCalls(s *Services) []server.Call {
	return []server.Call{
		constant("NetworkDriver.GetCapabilities", capabilities{
			CapabilitiesResponse: network.CapabilitiesResponse{Scope: network.LocalScope, ConnectivityScope: network.LocalScope},
			GwAllocChecker:       true,
		}),
		method("NetworkDriver.GwAllocCheck", s.checkGateway),
		method("NetworkDriver.AllocateNetwork", s.allocateNetwork),
		method("NetworkDriver.FreeNetwork", s.freeNetwork),
		method("NetworkDriver.CreateNetwork", s.createNetwork),
		method("NetworkDriver.DeleteNetwork", s.deleteNetwork),
		method("NetworkDriver.CreateEndpoint", s.createEndpoint),
		method("NetworkDriver.EndpointOperInfo", s.endpointInfo),
		method("NetworkDriver.DeleteEndpoint", s.deleteEndpoint),
		method("NetworkDriver.Join", s.join),
		method("NetworkDriver.Leave", s.leave),
		method("NetworkDriver.ProgramExternalConnectivity", s.programConnectivity),
		method("NetworkDriver.RevokeExternalConnectivity", s.revokeConnectivity),
		method("NetworkDriver.DiscoverNew", s.discover),
		method("NetworkDriver.DiscoverDelete", s.discover),
	}
}

// checkGateway precedes the engine's address requests: bad options are refused
// here already, and no gateway address is taken from a subnet that has no use for
// one: a /31 then has two addresses for containers.
func (s *Services) checkGateway(_ context.Context, r *gatewayCheckRequest) (any, error) {
	config, err := parseNetworkOptions(r.Options)
	return gatewayCheckResponse{
		SkipIPv4: config.IPv4.Mode == firewall.Isolated || config.InhibitIPv4 && config.Internal,
		SkipIPv6: config.IPv6.Mode == firewall.Isolated,
	}, err
}

// allocateNetwork and freeNetwork come from a swarm manager, for drivers of
// global scope only; there is nothing to add to what the manager has.
func (s *Services) allocateNetwork(_ context.Context, r *network.AllocateNetworkRequest) (any, error) {
	_, err := driver.ParseNetworkID(r.NetworkID)
	return network.AllocateNetworkResponse{Options: r.Options}, err
}

func (s *Services) freeNetwork(_ context.Context, r *network.FreeNetworkRequest) (any, error) {
	_, err := driver.ParseNetworkID(r.NetworkID)
	return empty{}, err
}

func (s *Services) createNetwork(ctx context.Context, r *network.CreateNetworkRequest) (any, error) {
	config, err := parseNetwork(r)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.CreateNetwork(ctx, config)
}

func (s *Services) deleteNetwork(ctx context.Context, r *network.DeleteNetworkRequest) (any, error) {
	id, err := driver.ParseNetworkID(r.NetworkID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.DeleteNetwork(ctx, id)
}

// createEndpoint answers with only what came empty: the engine takes an echo
// for a change and undoes the endpoint.
func (s *Services) createEndpoint(ctx context.Context, r *network.CreateEndpointRequest) (any, error) {
	config, err := parseEndpoint(r)
	if err != nil {
		return nil, err
	}
	endpoint, err := s.Networks.CreateEndpoint(ctx, config)
	if err != nil {
		return nil, err
	}
	answer := network.CreateEndpointResponse{Interface: &network.EndpointInterface{}}
	if config.MAC.IsZero() {
		answer.Interface.MacAddress = endpoint.ChosenMAC.String()
	}
	return answer, nil
}

func (s *Services) endpointInfo(ctx context.Context, r *network.InfoRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	return network.InfoResponse{Value: map[string]string{}}, s.Networks.EndpointExists(ctx, networkID, id)
}

func (s *Services) deleteEndpoint(ctx context.Context, r *network.DeleteEndpointRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.DeleteEndpoint(ctx, networkID, id)
}

func (s *Services) join(ctx context.Context, r *network.JoinRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	if err := checkEndpointOptions(r.Options); err != nil {
		return nil, err
	}
	// The engine's is a path of some 40 characters.
	const longestSandbox = 255
	if len(r.SandboxKey) > longestSandbox {
		return nil, fmt.Errorf("SandboxKey has %d bytes: allowed are %d", len(r.SandboxKey), longestSandbox)
	}
	attachment, err := s.Networks.Join(ctx, networkID, id, r.SandboxKey)
	if err != nil {
		return nil, err
	}
	return joinResponse{
		JoinResponse: network.JoinResponse{
			Gateway:               text(attachment.GatewayIPv4),
			GatewayIPv6:           text(attachment.GatewayIPv6),
			DisableGatewayService: attachment.NoGatewayService,
		},
		InterfaceName: interfaceName{
			InterfaceName: network.InterfaceName{SrcName: string(attachment.Peer), DstPrefix: string(attachment.Prefix)},
			DstName:       string(attachment.Name),
		},
	}, nil
}

// leave takes the ports back, as engines from 29.0 on do not revoke those of
// endpoints that outlived a restart. The links go with the endpoint: the engine
// still has to move the container's end back.
func (s *Services) leave(ctx context.Context, r *network.LeaveRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.Leave(ctx, networkID, id)
}

func (s *Services) programConnectivity(ctx context.Context, r *network.ProgramExternalConnectivityRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	publication, err := parsePublication(r.Options)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.Publish(ctx, networkID, id, publication)
}

func (s *Services) revokeConnectivity(ctx context.Context, r *network.RevokeExternalConnectivityRequest) (any, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Networks.Unpublish(ctx, networkID, id)
}

// discover is about hosts of a cluster, which a driver of local scope has none of.
func (s *Services) discover(context.Context, *network.DiscoveryNotification) (any, error) {
	return empty{}, nil
}

func parseIDs(networkID, endpointID string) (driver.NetworkID, driver.EndpointID, error) {
	n, err := driver.ParseNetworkID(networkID)
	if err != nil {
		return "", "", err
	}
	e, err := driver.ParseEndpointID(endpointID)
	return n, e, err
}

func parseEndpoint(r *network.CreateEndpointRequest) (driver.EndpointConfig, error) {
	networkID, id, err := parseIDs(r.NetworkID, r.EndpointID)
	if err != nil {
		return driver.EndpointConfig{}, err
	}
	config := driver.EndpointConfig{Network: networkID, ID: id}
	if config.InterfaceName, err = parseInterfaceName(r.Options); err != nil {
		return driver.EndpointConfig{}, err
	}
	publication, err := parsePublication(r.Options)
	if err != nil {
		return driver.EndpointConfig{}, err
	}
	config.OpenPorts = publication.Ports
	if r.Interface == nil {
		return config, nil
	}
	if config.IPv4, err = parseInterfaceAddress("Interface.Address", r.Interface.Address, false); err != nil {
		return driver.EndpointConfig{}, err
	}
	if config.IPv6, err = parseInterfaceAddress("Interface.AddressIPv6", r.Interface.AddressIPv6, true); err != nil {
		return driver.EndpointConfig{}, err
	}
	if r.Interface.MacAddress != "" {
		config.MAC, err = link.ParseMAC("Interface.MacAddress", r.Interface.MacAddress)
	}
	return config, err
}

// parseInterfaceAddress returns an address with its subnet's length, zero where
// s is empty.
func parseInterfaceAddress(field, s string, ipv6 bool) (netip.Prefix, error) {
	if s == "" {
		return netip.Prefix{}, nil
	}
	address, err := netip.ParsePrefix(s)
	if err != nil || address.Addr().Is6() != ipv6 || address.Addr().Is4In6() {
		family := "IPv4"
		if ipv6 {
			family = "IPv6"
		}
		return netip.Prefix{}, fmt.Errorf("%s %q is not an %s address with its subnet's length", field, s, family)
	}
	return address, nil
}

// text is the address, empty where there is none.
func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
