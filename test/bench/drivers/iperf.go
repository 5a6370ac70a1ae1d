package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"mybridge/test/bench/traffic"
)

// serveThroughput runs iperf3 in the namespace until the end.
func serveThroughput(ctx context.Context, l *lifetime, n traffic.Namespace) error {
	ctx, stop := context.WithCancel(ctx)
	listening, ended := make(chan struct{}), make(chan error, 1)
	// It says so before each client.
	ready := sync.OnceFunc(func() { close(listening) })
	go func() {
		// The thread lives as long as the server, which is killed with it.
		ended <- n.Do(func() error {
			server := exec.CommandContext(ctx, "iperf3", "--server", "--forceflush", "--port", strconv.Itoa(throughputPort))
			server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			output, err := server.StdoutPipe()
			if err != nil {
				return err
			}
			if err := server.Start(); err != nil {
				return err
			}
			for lines := bufio.NewScanner(output); lines.Scan(); {
				if strings.Contains(lines.Text(), "Server listening") {
					ready()
				}
			}
			return server.Wait()
		})
	}()
	select {
	case <-listening:
	case err := <-ended:
		stop()
		return fmt.Errorf("iperf3 does not serve: %w", err)
	}
	l.Cleanup(func() {
		stop()
		// It says that it was killed.
		if err := <-ended; err == nil {
			l.Error(errors.New("iperf3 ended before it was stopped"))
		}
	})
	return nil
}

// throughput is how many Gbit/s iperf3 gets over one connection.
func throughput(ctx context.Context, client traffic.Namespace, server netip.AddrPort) (float64, error) {
	var result struct {
		End struct {
			Received struct {
				Bits float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	err := client.Do(func() error {
		output, err := exec.CommandContext(ctx, "iperf3", "--json", "--client", server.Addr().String(),
			"--port", strconv.Itoa(int(server.Port())), "--time", strconv.Itoa(int(throughputTime.Seconds()))).Output()
		if err != nil {
			return fmt.Errorf("running iperf3: %w: %s", err, output)
		}
		return json.Unmarshal(output, &result)
	})
	return result.End.Received.Bits / 1e9, err
}
