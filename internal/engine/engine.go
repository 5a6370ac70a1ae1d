// Package engine asks the Docker engine what it knows of networks. It reads only,
// and must never be called while the engine waits for an answer of ours: the
// engine holds locks then.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"mybridge/ipam"
)

// callTime bounds one question.
const callTime = 10 * time.Second

// Client asks the engine that listens on a unix socket.
type Client struct{ http http.Client }

// NewClient returns a client of the engine at socket, which need not be there.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	// Connections are not kept: the engine closes none, and questions are rare.
	return &Client{http.Client{Timeout: callTime, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// network is what matters of the engine's answer (API v1.41, GET /networks/{id}).
type network struct {
	ID           string `json:"Id"`
	Name, Driver string
	IPAM         struct {
		Driver string
		Config []struct {
			Subnet, IPRange, Gateway string
			AuxiliaryAddresses       map[string]string
		}
	}
	Containers map[string]struct{ Name, EndpointID, IPv4Address, IPv6Address string }
}

// Facts returns what the engine knows of all networks that have their addresses
// from the address manager called driver.
func (c *Client) Facts(ctx context.Context, driver string) ([]ipam.Fact, error) {
	var networks []network
	if err := c.get(ctx, "/networks", &networks); err != nil {
		return nil, err
	}
	var facts []ipam.Fact
	for _, listed := range networks {
		if !IsDriver(listed.IPAM.Driver, driver) {
			continue
		}
		// Only a single network comes with its containers.
		var n network
		err := c.get(ctx, "/networks/"+url.PathEscape(listed.ID), &n)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := n.facts()
		if err != nil {
			return nil, fmt.Errorf("network %.12s: %w", n.ID, err)
		}
		facts = append(facts, found...)
	}
	return facts, nil
}

// ErrNotReached says that nobody listens on the engine's socket, or nobody answered.
var ErrNotReached = errors.New("the engine could not be asked")

// errGone says that the network was removed after it was listed.
var errGone = errors.New("not found")

func (c *Client) get(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotReached, err)
	}
	defer response.Body.Close() //nolint:errcheck // what was read is complete or fails to decode
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errGone
	default:
		return fmt.Errorf("asking the engine for %s: it answered %s", path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the engine's answer to %s: %w", path, err)
	}
	return nil
}

// facts turns the engine's text into addresses.
func (n network) facts() ([]ipam.Fact, error) {
	var facts []ipam.Fact
	for _, config := range n.IPAM.Config {
		subnet, err := ipam.ParseSubnet("subnet", config.Subnet)
		if err != nil {
			return nil, err
		}
		fact := ipam.Fact{Subnet: subnet, Range: subnet, Used: map[netip.Addr]string{}}
		if config.IPRange != "" {
			if fact.Range, err = ipam.ParseSubnet("range", config.IPRange); err != nil {
				return nil, err
			}
		}
		if fact.Gateway, err = bareAddress(config.Gateway); err != nil {
			return nil, fmt.Errorf("gateway: %w", err)
		}
		for name, text := range config.AuxiliaryAddresses {
			if err := enterUsed(&fact, text, name); err != nil {
				return nil, err
			}
		}
		for _, container := range n.Containers {
			for _, text := range []string{container.IPv4Address, container.IPv6Address} {
				if err := enterUsed(&fact, text, container.Name); err != nil {
					return nil, err
				}
			}
		}
		facts = append(facts, fact)
	}
	return facts, nil
}

// enterUsed adds an address to those used, if it lies in the fact's subnet.
func enterUsed(f *ipam.Fact, text, name string) error {
	address, err := bareAddress(text)
	if err != nil {
		return fmt.Errorf("address of %s: %w", name, err)
	}
	if address.IsValid() && f.Subnet.Contains(address) {
		f.Used[address] = name
	}
	return nil
}

// bareAddress takes an address with or without its subnet's length, and nothing.
func bareAddress(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Addr(), nil
	}
	return netip.ParseAddr(text)
}
