package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/ipam"
	"mybridge/test/bench/figures"
)

const partDurable = "Durable allocations per second"

// callers are how many allocate at the same time, with the least ratio to the
// disk's floor that is wanted.
var callers = []struct {
	count int
	least float64
}{{1, 0.3}, {32, 2}, {128, 3}}

// turns is into how many slices each round is cut, so that floor and callers
// see the same disk.
const turns = 5

// durable measures allocations on a state file and the disk's floor, in turns.
func (b *bench) durable(ctx context.Context) (err error) {
	directory := filepath.Join(b.temporary, "durable")
	a, err := openAddresses(ctx, directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	pool, err := a.requestPool(ctx, netip.MustParsePrefix("10.0.0.0/8"))
	if err != nil {
		return err
	}
	file, err := newFloor(filepath.Join(directory, "floor"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	original, err := newBitmapFile(b.temporary, subnet{24, 50})
	if err != nil {
		return err
	}

	var floors, wholeFile, wholeFileRatios figures.Rounds
	values, ratios := make([]figures.Rounds, len(callers)), make([]figures.Rounds, len(callers))
	slice := b.duration / turns
	for range b.rounds * turns {
		floor, err := rate(ctx, slice, 1, file.sync)
		if err != nil {
			return err
		}
		floors = append(floors, floor)
		for i, c := range callers {
			reached, err := rate(ctx, slice, c.count, func() error {
				_, err := a.RequestAddress(ctx, ipam.AddressRequest{Pool: pool})
				return err
			})
			if err != nil {
				return err
			}
			values[i] = append(values[i], reached)
			ratios[i] = append(ratios[i], reached/floor)
		}
		reached, err := rate(ctx, slice, 1, original.churn(original.writeSynced))
		if err != nil {
			return err
		}
		wholeFile = append(wholeFile, reached)
		wholeFileRatios = append(wholeFileRatios, reached/floor)
	}
	b.table.add(newRow(partDurable, "floor: 64 bytes and fdatasync, callers: 1", "/s", floors))
	for i, c := range callers {
		ratio := ratios[i].Median()
		b.table.add(newRow(partDurable, fmt.Sprintf("manager and state file, callers: %d", c.count), "/s", values[i]).
			withRatio(ratio, "floor").withGoal(fmt.Sprintf(">= %gx", c.least), ratio >= c.least))
	}
	b.table.add(newRow(partDurable, "whole file, synced, /24, 50 % full, callers: 1", "/s", wholeFile).
		withRatio(wholeFileRatios.Median(), "floor"))
	return nil
}

// rate is how often a second so many callers together get call done. The first
// error ends it.
func rate(ctx context.Context, duration time.Duration, count int, call func() error) (float64, error) {
	var done atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, count)
	begun := time.Now()
	for range count {
		group.Go(func() {
			for time.Since(begun) < duration && ctx.Err() == nil {
				if err := call(); err != nil {
					failures <- err
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(begun)
	close(failures)
	if err := errors.Join(<-failures, ctx.Err()); err != nil {
		return 0, err
	}
	return float64(done.Load()) / elapsed.Seconds(), nil
}

// floor is a file that is overwritten in place.
type floor struct {
	*os.File
	block [64]byte
}

// newFloor makes a file of one page that is on the disk with its length, so that
// an overwrite changes no metadata that fdatasync would have to write.
func newFloor(path string) (*floor, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(make([]byte, 4096)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := file.Sync(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &floor{File: file}, nil
}

func (f *floor) sync() error {
	f.block[0]++
	if _, err := f.WriteAt(f.block[:], 0); err != nil {
		return err
	}
	return unix.Fdatasync(int(f.Fd()))
}
