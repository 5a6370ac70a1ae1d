package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Flags of both route tables in /proc.
const (
	routeGateway = 0x2
	routeReject  = 0x200
)

// printGateways prints a line for each default route that has a gateway:
//
//	default via 172.17.0.1 dev eth0
func printGateways([]string) error {
	if err := printTable("/proc/net/route", parseRoute4); err != nil {
		return err
	}
	err := printTable("/proc/net/ipv6_route", parseRoute6)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	return err
}

func printTable(path string, parse func(fields []string) (gateway netip.Addr, device string)) error {
	table, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(table)) {
		gateway, device := parse(strings.Fields(line))
		if gateway.IsValid() {
			fmt.Printf("default via %s dev %s\n", gateway, device)
		}
	}
	return nil
}

// parseRoute4 reads a line of "Iface Destination Gateway Flags RefCnt Use
// Metric Mask ...", with addresses as numbers in the machine's byte order.
func parseRoute4(fields []string) (netip.Addr, string) {
	if len(fields) < 8 || fields[1] != "00000000" || fields[7] != "00000000" || !viaGateway(fields[3]) {
		return netip.Addr{}, ""
	}
	gateway, err := strconv.ParseUint(fields[2], 16, 32)
	if err != nil {
		return netip.Addr{}, ""
	}
	return netip.AddrFrom4([4]byte(binary.NativeEndian.AppendUint32(nil, uint32(gateway)))), fields[0]
}

// parseRoute6 reads a line of "destination length source length gateway
// metric references uses flags interface", with addresses as 32 digits.
func parseRoute6(fields []string) (netip.Addr, string) {
	if len(fields) < 10 || strings.Trim(fields[0]+fields[1], "0") != "" || !viaGateway(fields[8]) {
		return netip.Addr{}, ""
	}
	gateway, err := hex.DecodeString(fields[4])
	if err != nil || len(gateway) != 16 {
		return netip.Addr{}, ""
	}
	return netip.AddrFrom16([16]byte(gateway)), fields[9]
}

func viaGateway(flags string) bool {
	value, err := strconv.ParseUint(flags, 16, 32)
	return err == nil && value&routeGateway != 0 && value&routeReject == 0
}
