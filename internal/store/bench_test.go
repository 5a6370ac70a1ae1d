package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"mybridge/internal/store"
	"mybridge/ipam"
)

// diskDir is a directory on a real disk: what a temporary one often is not.
func diskDir(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("/var/tmp", "mybridge-store-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			tb.Error(err)
		}
	})
	return directory
}

// BenchmarkFloor is what the disk allows at best: 64 bytes written over others
// in a file that has its room, and synced.
func BenchmarkFloor(b *testing.B) {
	file, err := os.Create(diskDir(b) + "/floor")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(make([]byte, 1<<20)); err != nil {
		b.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		b.Fatal(err)
	}
	record := make([]byte, 64)
	for b.Loop() {
		if _, err := file.WriteAt(record, 4096); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}

// BenchmarkCommit takes an address and gives it back, in turns and in pools of
// each caller's own, in a state of 100 pools with 10,000 leases.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 32, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			directory := diskDir(b)
			fill(b, directory, 100, 100)
			s, err := store.Open(directory)
			if err != nil {
				b.Fatal(err)
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var group sync.WaitGroup
			for caller := range callers {
				group.Go(func() {
					lease := ipam.Lease{
						Pool: poolAt(caller % 100).ID, Address: addressAt(caller%100, 1000+caller),
						Kind: ipam.Dynamic, Since: moment, Name: "web-frontend-1",
					}
					for n := 0; left.Add(-1) >= 0; n++ {
						var err error
						if lease.Ended = (time.Time{}); n%2 == 0 {
							err = s.AddLease(context.Background(), lease)
						} else {
							lease.Ended = moment
							err = s.EndLease(context.Background(), lease)
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			perSecond(b)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkLoad opens and reads 1,000 pools with 1,000 leases each.
func BenchmarkLoad(b *testing.B) {
	directory := diskDir(b)
	fill(b, directory, 1000, 1000)
	b.Run("leases=1000000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := store.Open(directory)
			if err != nil {
				b.Fatal(err)
			}
			kept, err := s.Load(context.Background())
			if err != nil || len(kept.Leases) != 1_000_000 {
				b.Fatal(len(kept.Leases), err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/load")
	})
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

// poolAt and addressAt are the n-th pool and the m-th address in it.
func poolAt(n int) ipam.Pool {
	subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{10 + byte(n>>8), byte(n), 0, 0}), 16)
	return ipam.Pool{ID: ipam.NewPoolID(ipam.LocalAddressSpace, subnet), Subnet: subnet, Range: subnet, Since: moment}
}

func addressAt(n, m int) netip.Addr {
	return netip.AddrFrom4([4]byte{10 + byte(n>>8), byte(n), byte(m >> 8), byte(m)})
}

// fill writes a state in one transaction, as the store itself would in many.
func fill(tb testing.TB, directory string, pools, leases int) {
	tb.Helper()
	s, err := store.Open(directory)
	if err != nil {
		tb.Fatal(err)
	}
	var group sync.WaitGroup
	for n := range pools {
		group.Go(func() {
			if err := s.AddPool(context.Background(), poolAt(n)); err != nil {
				tb.Error(err)
			}
		})
	}
	group.Wait()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	value := binary.BigEndian.AppendUint64([]byte{1, byte(ipam.Dynamic), 0}, uint64(moment.Unix()))
	damage(tb, directory, func(tx *bbolt.Tx) error {
		for n := range pools {
			bucket := tx.Bucket([]byte("leases")).Bucket([]byte(poolAt(n).ID))
			for m := range leases {
				if err := bucket.Put(addressAt(n, m).AsSlice(), value); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
