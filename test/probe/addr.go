package main

import (
	"fmt"
	"net"
	"strings"
)

// printInterfaces prints a line for each interface:
//
//	eth0 02:42:ac:11:00:02 mtu 1500 up 172.17.0.2/16
func printInterfaces([]string) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, each := range interfaces {
		addresses, err := each.Addrs()
		if err != nil {
			return fmt.Errorf("addresses of %s: %w", each.Name, err)
		}
		fields := []string{each.Name, hardwareAddress(each), fmt.Sprint("mtu ", each.MTU), state(each)}
		for _, address := range addresses {
			fields = append(fields, address.String())
		}
		fmt.Println(strings.Join(fields, " "))
	}
	return nil
}

func hardwareAddress(each net.Interface) string {
	if len(each.HardwareAddr) == 0 {
		return "-"
	}
	return each.HardwareAddr.String()
}

func state(each net.Interface) string {
	if each.Flags&net.FlagUp == 0 {
		return "down"
	}
	return "up"
}
