package main

import (
	"flag"
	"fmt"
	"time"
)

// ping prints a line for each echo reply and fails when there is none.
func ping(arguments []string) error {
	flags := flag.NewFlagSet("ping", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "how long to wait for each reply")
	count := flags.Int("count", 1, "how many requests to send")
	name, err := parseOne(flags, arguments)
	if err != nil {
		return err
	}
	addresses, err := lookUp(name, *timeout)
	if err != nil {
		return err
	}
	e, err := newEcho(addresses[0])
	if err != nil {
		return err
	}
	defer e.close()

	replies := 0
	var failure error
	for number := range uint64(*count) {
		if err := pingOnce(e, number, *timeout); err != nil {
			failure = err
			continue
		}
		replies++
	}
	if replies == 0 {
		return fmt.Errorf("no reply from %s: %w", addresses[0], failure)
	}
	return nil
}

func pingOnce(e *echo, number uint64, timeout time.Duration) error {
	start := time.Now()
	if err := e.send(number); err != nil {
		return err
	}
	for {
		received, from, err := e.receive(start.Add(timeout))
		if err != nil {
			return err
		}
		// A late reply to an earlier request does not count for this one.
		if received == number {
			fmt.Printf("reply from %s number %d in %s\n", from, number, time.Since(start).Round(time.Microsecond))
			return nil
		}
	}
}
