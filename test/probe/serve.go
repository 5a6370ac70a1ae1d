package main

import (
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
)

// serve answers each client with a line that tells who answered and which
// client address was seen, so that a test sees whether traffic was masked.
func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	tcp := flags.Int("tcp", 0, "TCP `port`")
	udp := flags.Int("udp", 0, "UDP `port`")
	if err := flags.Parse(arguments); err != nil || flags.NArg() != 0 || *tcp == 0 && *udp == 0 {
		return fmt.Errorf("%w: serve takes -tcp PORT, -udp PORT or both", errUsage)
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}

	done := terminated()
	failed := make(chan error, 2)
	if *tcp != 0 {
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(*tcp))
		if err != nil {
			return err
		}
		go func() { failed <- answerTCP(listener, hostname) }()
	}
	if *udp != 0 {
		connection, err := net.ListenUDP("udp", &net.UDPAddr{Port: *udp})
		if err != nil {
			return err
		}
		go func() { failed <- answerUDP(connection, hostname) }()
	}
	fmt.Println("serving")

	select {
	case <-done:
		return nil
	case err := <-failed:
		return err
	}
}

func answerTCP(listener net.Listener, hostname string) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		// The line fits into any socket buffer, so this does not wait for
		// the client.
		fmt.Fprintf(connection, "%s %s\n", hostname, connection.RemoteAddr())
		connection.Close()
	}
}

func answerUDP(connection *net.UDPConn, hostname string) error {
	buffer := make([]byte, 1500)
	for {
		_, client, err := connection.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		// A socket for both families shows IPv4 clients as mapped ones.
		seen := netip.AddrPortFrom(client.Addr().Unmap(), client.Port())
		// A client that is gone is no reason to end.
		_, _ = connection.WriteToUDPAddrPort(fmt.Appendf(nil, "%s %s\n", hostname, seen), client)
	}
}
