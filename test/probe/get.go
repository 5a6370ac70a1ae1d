package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

// get prints the line that a TCP server answers with. With -retry it waits for
// a server that has yet to start.
func get(arguments []string) error {
	flags := flag.NewFlagSet("get", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "how long to wait for the answer")
	retry := flags.Bool("retry", false, "ask again after a failure, until the timeout")
	address, err := parseOne(flags, arguments)
	if err != nil {
		return err
	}

	deadline := time.Now().Add(*timeout)
	line, err := askTCP(address, deadline)
	for err != nil && *retry && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
		line, err = askTCP(address, deadline)
	}
	if err != nil {
		return err
	}
	fmt.Print(line)
	return nil
}

func askTCP(address string, deadline time.Time) (string, error) {
	connection, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(deadline); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("connected to %s, but it did not answer: %w", address, err)
	}
	return line, nil
}

// getUDP prints the datagram that a UDP server answers with. It asks again
// every now and then, as the first datagrams may be lost.
func getUDP(arguments []string) error {
	flags := flag.NewFlagSet("getudp", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "how long to wait for the answer")
	retry := flags.Bool("retry", false, "ask again when refused, until the timeout")
	forever := flags.Bool("forever", false, "go on asking after an answer, until the timeout")
	address, err := parseOne(flags, arguments)
	if err != nil {
		return err
	}

	deadline := time.Now().Add(*timeout)
	connection, err := (&net.Dialer{Deadline: deadline}).Dial("udp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	for {
		answer, err := askUDP(connection)
		if err == nil {
			fmt.Print(answer)
			if !*forever {
				return nil
			}
			time.Sleep(20 * time.Millisecond)
		}
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if err != nil && !late && !*retry {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer from %s within %s", address, *timeout)
		}
		if !late {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// askUDP sends one datagram and waits a moment for the answer.
func askUDP(connection net.Conn) (string, error) {
	if _, err := connection.Write([]byte("who\n")); err != nil {
		return "", err
	}
	if err := connection.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return "", err
	}
	buffer := make([]byte, 1500)
	length, err := connection.Read(buffer)
	return string(buffer[:length]), err
}
