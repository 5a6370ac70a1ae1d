package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"

	"mybridge/ipam"
)

const bitmapsPath = "/ipam/bitmaps"

// maxBitmaps is the largest body taken: the bitmaps of some fifty /12 subnets.
const maxBitmaps = 64 << 20

// dump is the answer to GET bitmapsPath.
type dump struct {
	Bitmaps ipam.Bitmaps   `json:"bitmaps"`
	Left    []netip.Prefix `json:"left"`
}

func handleBitmaps(mux *http.ServeMux, addresses Addresses) {
	mux.HandleFunc("GET "+bitmapsPath, func(w http.ResponseWriter, _ *http.Request) {
		bitmaps, left := addresses.Dump()
		answer(w, dump{bitmaps, left}, nil)
	})
	mux.HandleFunc("POST "+bitmapsPath, func(w http.ResponseWriter, r *http.Request) {
		bitmaps, err := ipam.ReadBitmaps(http.MaxBytesReader(w, r.Body, maxBitmaps))
		if err == nil {
			err = addresses.Load(r.Context(), bitmaps)
		}
		answer(w, struct{}{}, err)
	})
}

// Dump returns the bitmaps, and the subnets that are left out of them.
func (c *Client) Dump(ctx context.Context) (dumped ipam.Bitmaps, left []netip.Prefix, err error) {
	var d dump
	err = c.call(ctx, http.MethodGet, bitmapsPath, nil, &d)
	return d.Bitmaps, d.Left, err
}

// Load reserves what is taken in the bitmaps.
func (c *Client) Load(ctx context.Context, bitmaps ipam.Bitmaps) error {
	body, err := json.Marshal(bitmaps)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, bitmapsPath, bytes.NewReader(body), new(struct{}))
}
