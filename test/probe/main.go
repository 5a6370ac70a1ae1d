// Probe is the only program in the image that the end-to-end tests run in
// containers. It is static and needs nothing else in the image: it waits,
// answers and asks on the network, and prints what it sees of its network.
//
//	probe sleep                                wait for SIGTERM or SIGINT
//	probe serve [-tcp PORT] [-udp PORT]        answer "HOSTNAME CLIENT:PORT"
//	probe get [-timeout 2s] [-retry] ADDR:PORT print a TCP server's answer
//	probe getudp [-forever] (as get)           print a UDP server's answer, or all of them
//	probe ping [-timeout 2s] [-count 1] HOST   print each ICMP echo reply
//	probe watch ADDR                           ping until SIGTERM, print the loss
//	probe resolve NAME                         print a name's addresses
//	probe addr                                 print the interfaces
//	probe route                                print the default gateways
//	probe spoof [-mac MAC] [-to MAC] KIND ARGS send a frame as anybody, see spoof
//	probe sctp [-label TEXT] ADDR:PORT         open an SCTP association, without waiting
//	probe sniff                                print the labels of such frames
//
// It exits with 1 and a line on standard error when the answer is no, and
// with 2 when it was called wrongly.
package main

import (
	"errors"
	"fmt"
	"os"
)

// errUsage is a call that no subcommand understands.
var errUsage = errors.New("usage: probe sleep|serve|get|getudp|ping|watch|resolve|addr|route|spoof|sctp|sniff [arguments]")

var subcommands = map[string]func(arguments []string) error{
	"sleep":   sleep,
	"serve":   serve,
	"get":     get,
	"getudp":  getUDP,
	"ping":    ping,
	"watch":   watch,
	"resolve": resolve,
	"addr":    printInterfaces,
	"route":   printGateways,
	"spoof":   spoof,
	"sctp":    initiateSCTP,
	"sniff":   sniff,
}

func main() {
	err := run(os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "probe:", err)
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errUsage
	}
	subcommand, known := subcommands[arguments[0]]
	if !known {
		return errUsage
	}
	return subcommand(arguments[1:])
}
