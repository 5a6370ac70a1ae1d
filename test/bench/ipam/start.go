package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"mybridge/ipam"
	"mybridge/test/bench/figures"
)

const (
	partStart = "Start from a state that holds many leases"
	// mostPools and mostLeasesOfPool are what fits into 10.0.0.0/8 in /20s.
	poolLength       = 20
	mostPools        = 1 << (poolLength - 8)
	mostLeasesOfPool = 1<<(32-poolLength) - 2

	mostSeconds       = 0.5
	mostBytesOfALease = 100
)

// start measures how long a new process takes to open a state, and its memory.
func (b *bench) start(ctx context.Context) error {
	what := fmt.Sprintf("%d pools, %d leases", b.pools, b.leases)
	seconds, bytes, err := b.open(ctx, "start", "")
	if err != nil {
		return err
	}
	b.table.add(newRow(partStart, what+": until the manager is open", "s", seconds).
		withGoal(fmt.Sprintf("<= %g s", mostSeconds), seconds.Median() <= mostSeconds))
	b.table.add(newRow(partStart, what+": heap", "B/lease", bytes).
		withGoal(fmt.Sprintf("<= %d B/lease", mostBytesOfALease), bytes.Median() <= mostBytesOfALease))

	if seconds, bytes, err = b.open(ctx, "start-named", "web%09d"); err != nil {
		return err
	}
	what += " with names of 12 bytes"
	b.table.add(newRow(partStart, what+": until the manager is open", "s", seconds))
	b.table.add(newRow(partStart, what+": heap", "B/lease", bytes))
	return nil
}

// open builds a state and opens it, each round in a new process. The leases have
// names of the form given, if any.
func (b *bench) open(ctx context.Context, name, names string) (seconds, bytes figures.Rounds, err error) {
	directory := filepath.Join(b.temporary, name)
	if err := b.build(ctx, directory, names); err != nil {
		return nil, nil, fmt.Errorf("building the state: %w", err)
	}
	if err := readThrough(filepath.Join(directory, "state.db")); err != nil {
		return nil, nil, err
	}
	for range b.rounds {
		r, err := openInNewProcess(ctx, directory)
		if err != nil {
			return nil, nil, err
		}
		if r.Leases != b.leases {
			return nil, nil, fmt.Errorf("the process found %d leases, want %d", r.Leases, b.leases)
		}
		seconds = append(seconds, r.Seconds)
		bytes = append(bytes, r.HeapBytes/float64(b.leases))
	}
	return seconds, bytes, os.RemoveAll(directory)
}

// builders is how many write at the same time when the state is built: as many
// as share a sync, and one group more.
const builders = 512

// build makes a state of pools with the same number of leases each, spread over
// all of the pool's addresses.
func (b *bench) build(ctx context.Context, directory, names string) (err error) {
	a, err := openAddresses(ctx, directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return concurrently(builders, func(queue chan<- func() error) error {
		left := b.leases
		for n := range b.pools {
			prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 4), byte(n << 4), 0}), poolLength)
			pool, err := a.requestPool(ctx, prefix)
			if err != nil {
				return err
			}
			count := left / (b.pools - n)
			left -= count
			for i := range count {
				number := 1 + i*mostLeasesOfPool/count
				address := prefix.Addr().As4()
				address[2] |= byte(number >> 8)
				address[3] = byte(number)
				lease := ipam.Lease{Pool: pool, Address: netip.AddrFrom4(address), Kind: ipam.Dynamic, Since: time.Now()}
				if names != "" {
					lease.Name = fmt.Sprintf(names, left+i)
				}
				queue <- func() error { return a.state.AddLease(ctx, lease) }
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
}

// concurrently lets so many workers do what fill puts into the queue, and
// returns the first error of each.
func concurrently(workers int, fill func(queue chan<- func() error) error) error {
	queue := make(chan func() error)
	failures := make(chan error, workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			var first error
			for do := range queue {
				if err := do(); err != nil && first == nil {
					first = err
				}
			}
			failures <- first
		})
	}
	err := fill(queue)
	close(queue)
	group.Wait()
	close(failures)
	for failure := range failures {
		if err == nil {
			err = failure
		}
	}
	return err
}

// readThrough reads a file so that it is in the page cache.
func readThrough(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, file)
	return errors.Join(err, file.Close())
}

// openVariable names the directory that the program, run again, is to open.
const openVariable = "MYBRIDGE_BENCH_OPEN"

// opened is what a process says that opened a state.
type opened struct {
	Seconds   float64 `json:"seconds"`
	HeapBytes float64 `json:"heap_bytes"`
	Leases    int     `json:"leases"`
}

// openInNewProcess opens the state in a process that has opened none before, as
// a start is.
func openInNewProcess(ctx context.Context, directory string) (opened, error) {
	var r opened
	command := exec.CommandContext(ctx, "/proc/self/exe")
	command.Env = append(os.Environ(), openVariable+"="+directory)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return r, fmt.Errorf("opening the state in another process: %w", err)
	}
	return r, json.Unmarshal(output, &r)
}

// openAndReport is that process; false where this is not one.
func openAndReport() bool {
	directory, again := os.LookupEnv(openVariable)
	if !again {
		return false
	}
	before := liveHeap()
	begun := time.Now()
	a, err := openAddresses(context.Background(), directory)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-ipam:", err)
		os.Exit(1)
	}
	r := opened{Seconds: time.Since(begun).Seconds()}
	r.HeapBytes = float64(liveHeap()) - float64(before)
	dumped, _ := a.Dump()
	for _, bitmap := range dumped {
		for _, c := range []byte(bitmap) {
			r.Leases += int(c - '0')
		}
	}
	if err := errors.Join(a.Close(), json.NewEncoder(os.Stdout).Encode(r)); err != nil {
		fmt.Fprintln(os.Stderr, "bench-ipam:", err)
		os.Exit(1)
	}
	return true
}

// liveHeap is the heap in use after garbage collection. The second one frees
// what the first only found.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
