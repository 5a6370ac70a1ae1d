package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"mybridge/ipam/bitmap"
	"mybridge/test/bench/figures"
)

// subnet is a width, and how much of it is taken.
type subnet struct {
	length  int
	percent float64
}

func (s subnet) String() string { return fmt.Sprintf("/%d, %g %% full", s.length, s.percent) }

func (s subnet) size() uint64 { return 1 << (32 - s.length) }

// taken is how many numbers are taken. One at least is free.
func (s subnet) taken() uint64 { return min(uint64(float64(s.size())*s.percent/100), s.size()-1) }

// scattered is the i-th of the subnet's numbers in an order that looks random
// and has each once: of both steps, which mix the bits of i (as in splitmix64),
// each can be undone.
func (s subnet) scattered(i uint64) uint64 {
	bits := 32 - s.length
	for range 3 {
		i = i * 0xbf58476d1ce4e5b9 & (s.size() - 1)
		i ^= i >> ((bits + 1) / 2)
	}
	return i
}

var (
	widths = []int{24, 16, 12, 8}
	fills  = []float64{50, 99.9}
)

const (
	partMemory = "Allocation in memory: find the next free address, take it, free another"
	// The goals for a call on the bitmap of a nearly full /12, and for how far
	// the widths are apart.
	mostNanoseconds = 50
	mostApart       = 3
)

// inMemory measures the bitmap.
func (b *bench) inMemory(ctx context.Context) error {
	b.bitmapNanoseconds = map[subnet]float64{}
	for _, percent := range fills {
		var medians []float64
		for _, length := range widths {
			s := subnet{length, percent}
			c, err := newChurn(s)
			if err != nil {
				return err
			}
			var values figures.Rounds
			for range b.rounds {
				values = append(values, c.nanoseconds(b.duration/10))
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			allocations := testing.AllocsPerRun(1000, c.call)
			r := newRow(partMemory, s.String(), "ns", values).withAllocations(allocations)
			if length == 12 && percent > 99 {
				r.withGoal(fmt.Sprintf("<= %d ns, 0 allocs", mostNanoseconds), r.Median <= mostNanoseconds && allocations == 0)
			}
			b.table.add(r)
			b.bitmapNanoseconds[s] = r.Median
			medians = append(medians, r.Median)
		}
		slowest, fastest := slices.Max(medians), slices.Min(medians)
		ratio := slowest / fastest
		b.table.add(newRow(partMemory, fmt.Sprintf("slowest of /24 to /8, %g %% full", percent), "ns", figures.Rounds{slowest}).
			withRatio(ratio, "fastest").withGoal(fmt.Sprintf("<= %dx", mostApart), ratio <= mostApart))
	}
	return nil
}

// churn allocates as a pool does: the next free number from a cursor on, once
// around. As each call frees a number at random, the fill stays and so does its
// being spread.
type churn struct {
	bitmap *bitmap.Bitmap
	cursor uint64
	// comesAndGoes are the numbers of which one is freed; the others stay taken.
	comesAndGoes []uint64
	random       uint64
}

// mostComeAndGo keeps the list in the processor's cache: it is not what is
// measured.
const mostComeAndGo = 4096

func newChurn(s subnet) (*churn, error) {
	set, err := bitmap.New(s.size())
	if err != nil {
		return nil, err
	}
	c := &churn{bitmap: set, random: 1}
	for i := range s.taken() {
		set.Take(s.scattered(i))
		if i < mostComeAndGo {
			c.comesAndGoes = append(c.comesAndGoes, s.scattered(i))
		}
	}
	return c, nil
}

func (c *churn) call() {
	n, found := c.bitmap.NextFree(c.cursor, c.bitmap.Size())
	if !found {
		n, _ = c.bitmap.NextFree(0, c.cursor)
	}
	c.bitmap.Take(n)
	c.cursor = n + 1
	// xorshift64 (Marsaglia), as a better generator would be half of the time.
	c.random ^= c.random << 13
	c.random ^= c.random >> 7
	c.random ^= c.random << 17
	freed := &c.comesAndGoes[c.random%uint64(len(c.comesAndGoes))]
	c.bitmap.Free(*freed)
	*freed = n
}

// nanoseconds is how long a call takes, over calls of about the duration.
func (c *churn) nanoseconds(duration time.Duration) float64 {
	const group = 1000
	calls, begun := 0, time.Now()
	for time.Since(begun) < duration {
		for range group {
			c.call()
		}
		calls += group
	}
	return float64(time.Since(begun).Nanoseconds()) / float64(calls)
}
