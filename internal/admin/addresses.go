package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"

	"mybridge/ipam"
)

const (
	addressesPath    = "/ipam/addresses/"
	reservationsPath = "/ipam/reservations/"
	trustPath        = "/ipam/trust"
	// forceQuery makes DELETE addressesPath end a lease that is in use.
	forceQuery = "force"
)

// maxReservation is the largest body of a reservation.
const maxReservation = 4 << 10

// reservation is the body of PUT reservationsPath.
type reservation struct {
	Name string `json:"name"`
}

func handleAddresses(mux *http.ServeMux, addresses Addresses) {
	mux.HandleFunc("GET "+addressesPath+"{address}", func(w http.ResponseWriter, r *http.Request) {
		var explanation ipam.Explanation
		address, err := addressOf(r)
		if err == nil {
			explanation = addresses.Explain(address)
		}
		answer(w, explanation, err)
	})
	mux.HandleFunc("DELETE "+addressesPath+"{address}", func(w http.ResponseWriter, r *http.Request) {
		address, err := addressOf(r)
		if err == nil {
			err = addresses.Release(r.Context(), address, r.URL.Query().Has(forceQuery))
		}
		answer(w, struct{}{}, err)
	})
	mux.HandleFunc("POST "+trustPath, func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, addresses.Trust(r.Context()))
	})
	mux.HandleFunc("PUT "+reservationsPath+"{address}", func(w http.ResponseWriter, r *http.Request) {
		address, name, err := readReservation(w, r)
		if err == nil {
			err = addresses.Reserve(r.Context(), address, name)
		}
		answer(w, struct{}{}, err)
	})
}

func addressOf(r *http.Request) (netip.Addr, error) {
	return ipam.ParseAddress("address", r.PathValue("address"))
}

func readReservation(w http.ResponseWriter, r *http.Request) (address netip.Addr, name string, err error) {
	if address, err = addressOf(r); err != nil {
		return netip.Addr{}, "", err
	}
	var body reservation
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReservation)).Decode(&body); err != nil {
		return netip.Addr{}, "", fmt.Errorf("reading the reservation: %w", err)
	}
	name, err = ipam.ParseReservationName("name", body.Name)
	return address, name, err
}

// Explain says why an address is given or not.
func (c *Client) Explain(ctx context.Context, address netip.Addr) (ipam.Explanation, error) {
	var explanation ipam.Explanation
	err := c.call(ctx, http.MethodGet, addressesPath+address.String(), nil, &explanation)
	return explanation, err
}

// Reserve keeps an address from being given.
func (c *Client) Reserve(ctx context.Context, address netip.Addr, name string) error {
	body, err := json.Marshal(reservation{name})
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPut, reservationsPath+address.String(), bytes.NewReader(body), new(struct{}))
}

// Release ends the reservation of an address, or its lease.
func (c *Client) Release(ctx context.Context, address netip.Addr, force bool) error {
	path := addressesPath + address.String()
	if force {
		path += "?" + forceQuery
	}
	return c.call(ctx, http.MethodDelete, path, nil, new(struct{}))
}

// Trust ends the doubt about which leases are in use.
func (c *Client) Trust(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, trustPath, nil, new(struct{}))
}
