package admin

import (
	"context"
	"net/http"
	"net/netip"

	"mybridge/ipam"
)

const (
	poolsPath = "/ipam/pools"
	checkPath = "/ipam/check"
)

func handleViews(mux *http.ServeMux, addresses Addresses) {
	mux.HandleFunc("GET "+poolsPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, addresses.Pools(), nil)
	})
	mux.HandleFunc("GET "+poolsPath+"/{pool...}", func(w http.ResponseWriter, r *http.Request) {
		var details ipam.PoolDetails
		subnet, err := ipam.ParsePool("pool", r.PathValue("pool"))
		if err == nil {
			details, err = addresses.Pool(subnet)
		}
		answer(w, details, err)
	})
	mux.HandleFunc("GET "+checkPath, func(w http.ResponseWriter, r *http.Request) {
		found, err := addresses.Check(r.Context())
		answer(w, found, err)
	})
}

// Pools returns all pools.
func (c *Client) Pools(ctx context.Context) ([]ipam.PoolView, error) {
	var pools []ipam.PoolView
	err := c.call(ctx, http.MethodGet, poolsPath, nil, &pools)
	return pools, err
}

// Pool returns the pool of the subnet, or in which the single address lies.
func (c *Client) Pool(ctx context.Context, subnet netip.Prefix) (ipam.PoolDetails, error) {
	name := subnet.String()
	if subnet.IsSingleIP() {
		name = subnet.Addr().String()
	}
	var details ipam.PoolDetails
	err := c.call(ctx, http.MethodGet, poolsPath+"/"+name, nil, &details)
	return details, err
}

// Check compares the leases with what the kernel's links carry.
func (c *Client) Check(ctx context.Context) ([]ipam.Finding, error) {
	var found []ipam.Finding
	err := c.call(ctx, http.MethodGet, checkPath, nil, &found)
	return found, err
}
