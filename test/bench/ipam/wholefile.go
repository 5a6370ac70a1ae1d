package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mybridge/test/bench/figures"
)

const partWholeFile = "Allocation in the design with one JSON file"

// wholeFile measures the design in which a file is read and written as a whole.
func (b *bench) wholeFile(ctx context.Context) (err error) {
	disk, err := newFloor(filepath.Join(b.temporary, "floor"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	for _, synced := range []bool{false, true} {
		for _, percent := range fills {
			for _, length := range []int{24, 16, 12} {
				s := subnet{length, percent}
				f, err := newBitmapFile(b.temporary, s)
				if err != nil {
					return err
				}
				how, write := "overwritten", f.write
				if synced {
					how, write = "synced", f.writeSynced
				}
				var values, ratios figures.Rounds
				for range b.rounds {
					floor, err := rate(ctx, b.duration/10, 1, disk.sync)
					if err != nil {
						return err
					}
					milliseconds, err := f.milliseconds(ctx, b.duration/10, write)
					if err != nil {
						return err
					}
					values = append(values, milliseconds)
					ratios = append(ratios, milliseconds/1000*floor)
				}
				r := newRow(partWholeFile, fmt.Sprintf("%s, %s", how, s), "ms", values)
				if synced {
					r.withRatio(ratios.Median(), "floor")
				} else {
					r.withRatio(r.Median*1e6/b.bitmapNanoseconds[s], "in memory")
				}
				b.table.add(r)
			}
		}
	}
	return nil
}

// bitmapFile is the state of that design: a JSON object from subnets to strings
// of 0 and 1, a character a host number from 1 up.
type bitmapFile struct {
	path, subnet string
}

// newBitmapFile writes a file with one subnet of which a part is taken.
func newBitmapFile(directory string, s subnet) (*bitmapFile, error) {
	f := &bitmapFile{
		path:   filepath.Join(directory, fmt.Sprintf("bitmaps-%d-%g.json", s.length, s.percent)),
		subnet: fmt.Sprintf("10.0.0.0/%d", s.length),
	}
	bits := []byte(strings.Repeat("0", int(s.size()-1)))
	for i := range s.taken() {
		if n := s.scattered(i); n > 0 {
			bits[n-1] = '1'
		}
	}
	content, err := json.Marshal(map[string]string{f.subnet: string(bits)})
	if err != nil {
		return nil, err
	}
	return f, f.writeSynced(content)
}

// allocate takes the first free address, -1 where there is none, with the given
// way of writing.
func (f *bitmapFile) allocate(write func(content []byte) error) (number int, err error) {
	number = -1
	return number, f.change(write, func(bits string) string {
		if number = strings.IndexByte(bits, '0'); number < 0 {
			return bits
		}
		return bits[:number] + "1" + bits[number+1:]
	})
}

// release frees an address that allocate took.
func (f *bitmapFile) release(number int, write func(content []byte) error) error {
	return f.change(write, func(bits string) string { return bits[:number] + "0" + bits[number+1:] })
}

func (f *bitmapFile) change(write func(content []byte) error, edit func(bits string) string) error {
	content, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	var bitmaps map[string]string
	if err := json.Unmarshal(content, &bitmaps); err != nil {
		return err
	}
	bitmaps[f.subnet] = edit(bitmaps[f.subnet])
	if content, err = json.Marshal(bitmaps); err != nil {
		return err
	}
	return write(content)
}

// write overwrites the file, as the design did.
func (f *bitmapFile) write(content []byte) error { return os.WriteFile(f.path, content, 0o600) }

// writeSynced replaces the file so that a crash leaves the old one or the new.
func (f *bitmapFile) writeSynced(content []byte) error {
	temporary, err := os.Create(f.path + ".new")
	if err != nil {
		return err
	}
	if _, err := temporary.Write(content); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), f.path); err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// churn returns a call that allocates and releases in turns, which are the same
// work: each call is one change of the file.
func (f *bitmapFile) churn(write func(content []byte) error) func() error {
	last := -1
	return func() (err error) {
		if last >= 0 {
			err = f.release(last, write)
			last = -1
			return err
		}
		last, err = f.allocate(write)
		return err
	}
}

// milliseconds is the mean time of an allocation. What it takes it releases
// again, untimed, so that the fill stays.
func (f *bitmapFile) milliseconds(ctx context.Context, duration time.Duration, write func(content []byte) error) (float64, error) {
	var spent time.Duration
	calls := 0
	for ; spent < duration || calls == 0; calls++ {
		begun := time.Now()
		number, err := f.allocate(write)
		spent += time.Since(begun)
		if err != nil {
			return 0, err
		}
		if err := errors.Join(f.release(number, write), ctx.Err()); err != nil {
			return 0, err
		}
	}
	return spent.Seconds() * 1000 / float64(calls), nil
}
