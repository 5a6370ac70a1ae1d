package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// resolve prints a name's addresses, one a line, sorted.
func resolve(arguments []string) error {
	flags := flag.NewFlagSet("resolve", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "how long to wait for the answer")
	name, err := parseOne(flags, arguments)
	if err != nil {
		return err
	}
	addresses, err := lookUp(name, *timeout)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		fmt.Println(address)
	}
	return nil
}

// lookUp returns a name's addresses, IPv4 before IPv6. An address is its own
// name, zone included.
func lookUp(name string, timeout time.Duration) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	resolver := net.Resolver{PreferGo: true}
	addresses, err := resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return slices.Compact(addresses), nil
}
