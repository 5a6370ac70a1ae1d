package protocol

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	helper "github.com/docker/go-plugins-helpers/ipam"

	"mybridge/internal/server"
	"mybridge/ipam"
)

// Addresses answers the IpamDriver calls.
type Addresses interface {
	RequestPool(ctx context.Context, request ipam.PoolRequest) (ipam.Pool, error)
	ReleasePool(ctx context.Context, id ipam.PoolID) error
	RequestAddress(ctx context.Context, request ipam.AddressRequest) (netip.Prefix, error)
	ReleaseAddress(ctx context.Context, id ipam.PoolID, address netip.Addr) error
}

// addressCapabilities has a field that the library's type lacks. What is
// requested is persisted here, so the engine need not replay it.
type addressCapabilities struct {
	helper.CapabilitiesResponse
	RequiresRequestReplay bool
}

// What the engine sends with an address request (its packages ipamapi and netlabel).
const (
	labelAddressType  = "RequestAddressType"
	addressOfGateway  = "com.docker.network.gateway"
	labelEndpointName = "com.docker.network.endpoint.name"
	labelEndpointMAC  = "com.docker.network.endpoint.macaddress"
	labelSerial       = "com.docker.network.ipam.serial"
)

func addressCalls(s *Services) []server.Call {
	return []server.Call{
		constant("IpamDriver.GetCapabilities", addressCapabilities{}),
		constant("IpamDriver.GetDefaultAddressSpaces", helper.AddressSpacesResponse{
			LocalDefaultAddressSpace:  string(ipam.LocalAddressSpace),
			GlobalDefaultAddressSpace: string(ipam.GlobalAddressSpace),
		}),
		method("IpamDriver.RequestPool", s.requestPool),
		method("IpamDriver.ReleasePool", s.releasePool),
		method("IpamDriver.RequestAddress", s.requestAddress),
		method("IpamDriver.ReleaseAddress", s.releaseAddress),
	}
}

func (s *Services) requestPool(ctx context.Context, r *helper.RequestPoolRequest) (any, error) {
	request, err := parsePoolRequest(r)
	if err != nil {
		return nil, err
	}
	pool, err := s.Addresses.RequestPool(ctx, request)
	if err != nil {
		return nil, err
	}
	return helper.RequestPoolResponse{PoolID: string(pool.ID), Pool: pool.Subnet.String(), Data: map[string]string{}}, nil
}

func parsePoolRequest(r *helper.RequestPoolRequest) (ipam.PoolRequest, error) {
	space, err := ipam.ParseAddressSpace(r.AddressSpace)
	if err != nil {
		return ipam.PoolRequest{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(r.Options)) {
		return ipam.PoolRequest{}, fmt.Errorf("ipam option %q is not known: there are none to set", key)
	}
	request := ipam.PoolRequest{Space: space, IPv6: r.V6}
	if r.Pool == "" {
		if r.SubPool != "" {
			return ipam.PoolRequest{}, fmt.Errorf("field SubPool %q without a Pool: --ip-range needs --subnet", r.SubPool)
		}
		return request, nil
	}
	if request.Subnet, err = ipam.ParseSubnet("Pool", r.Pool); err != nil {
		return ipam.PoolRequest{}, err
	}
	if request.Subnet.Addr().Is6() != r.V6 {
		return ipam.PoolRequest{}, fmt.Errorf("field Pool %q is of the other address family", r.Pool)
	}
	if r.SubPool == "" {
		return request, nil
	}
	if request.Range, err = ipam.ParseSubnet("SubPool", r.SubPool); err != nil {
		return ipam.PoolRequest{}, err
	}
	if request.Range.Bits() < request.Subnet.Bits() || !request.Subnet.Contains(request.Range.Addr()) {
		return ipam.PoolRequest{}, fmt.Errorf("field SubPool %q lies outside its Pool %q", r.SubPool, r.Pool)
	}
	return request, nil
}

func (s *Services) releasePool(ctx context.Context, r *helper.ReleasePoolRequest) (any, error) {
	id, err := parsePoolID(r.PoolID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Addresses.ReleasePool(ctx, id)
}

func (s *Services) requestAddress(ctx context.Context, r *helper.RequestAddressRequest) (any, error) {
	request, err := parseAddressRequest(r)
	if err != nil {
		return nil, err
	}
	address, err := s.Addresses.RequestAddress(ctx, request)
	if err != nil {
		return nil, err
	}
	return helper.RequestAddressResponse{Address: address.String(), Data: map[string]string{}}, nil
}

func parseAddressRequest(r *helper.RequestAddressRequest) (ipam.AddressRequest, error) {
	pool, err := parsePoolID(r.PoolID)
	if err != nil {
		return ipam.AddressRequest{}, err
	}
	request := ipam.AddressRequest{Pool: pool}
	for _, key := range slices.Sorted(maps.Keys(r.Options)) {
		switch value := r.Options[key]; {
		case key == labelAddressType && value == addressOfGateway:
			request.Gateway = true
		case key == labelAddressType:
			return ipam.AddressRequest{}, fmt.Errorf("option %s is %q: allowed is %s", key, value, addressOfGateway)
		case key == labelEndpointName:
			// A name that is too long to be kept is as good as none.
			if len(value) <= ipam.MaxName {
				request.Name = value
			}
		case key == labelEndpointMAC, key == labelSerial:
		default:
			return ipam.AddressRequest{}, fmt.Errorf("address option %q is not known", key)
		}
	}
	if r.Address == "" {
		return request, nil
	}
	request.Address, err = ipam.ParseAddress("Address", r.Address)
	return request, err
}

func (s *Services) releaseAddress(ctx context.Context, r *helper.ReleaseAddressRequest) (any, error) {
	address, err := ipam.ParseAddress("Address", r.Address)
	if err != nil {
		return nil, err
	}
	id, err := parsePoolID(r.PoolID)
	if err != nil {
		return nil, err
	}
	return empty{}, s.Addresses.ReleaseAddress(ctx, id, address)
}

// longestPoolID is more than any that we gave: an address space and a subnet.
const longestPoolID = 128

func parsePoolID(s string) (ipam.PoolID, error) {
	if len(s) > longestPoolID {
		return "", fmt.Errorf("PoolID %.20q… has %d bytes: allowed are %d", s, len(s), longestPoolID)
	}
	return ipam.PoolID(s), nil
}
