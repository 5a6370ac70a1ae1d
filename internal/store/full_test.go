package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/driver"
	"mybridge/internal/store"
	"mybridge/test/kernel"
)

// TestFullDisk fills a small file system of its own until a change fails, and
// checks that nothing is lost, that reading goes on, and that changes work again
// when there is room.
func TestFullDisk(t *testing.T) {
	mounts := map[string]func(t *testing.T, directory string) error{
		"tmpfs": func(_ *testing.T, directory string) error {
			return unix.Mount("tmpfs", directory, "tmpfs", 0, "size=2m")
		},
		"ext4": func(t *testing.T, directory string) error {
			image := filepath.Join(t.TempDir(), "image")
			kernel.Run(t, "truncate", "--size=4M", image)
			kernel.Run(t, "mkfs.ext4", "-q", "-m", "0", image)
			if output, err := exec.Command("mount", "-o", "loop", image, directory).CombinedOutput(); err != nil {
				kernel.Skip(t, fmt.Sprintf("a loop mount: %v: %s", err, output))
			}
			return nil
		},
	}
	for name, mount := range mounts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if os.Geteuid() != 0 {
				kernel.Skip(t, "mounting a small file system needs root")
			}
			// Go makes the new namespace's mounts private; they end with the process.
			if !inChild(t, &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}) {
				return
			}
			directory := t.TempDir()
			if err := mount(t, directory); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := unix.Unmount(directory, 0); err != nil {
					t.Error(err)
				}
			})
			fillDisk(t, directory)
		})
	}
}

func fillDisk(t *testing.T, directory string) {
	ballast := filepath.Join(directory, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var kept []driver.NetworkID
	add := func() error {
		network := driver.Network{NetworkConfig: driver.NetworkConfig{ID: driver.NetworkID(fmt.Sprintf("n%06d%01000d", len(kept), 0))}}
		err := s.PutNetwork(ctx, network)
		if err == nil {
			kept = append(kept, network.ID)
		}
		return err
	}
	check := func(when string) {
		t.Helper()
		networks, _, err := s.LoadNetworks(ctx)
		var got []driver.NetworkID
		for _, network := range networks {
			got = append(got, network.ID)
		}
		if err != nil || !slices.Equal(got, kept) {
			t.Fatalf("%s: got %d networks and error %v, want the %d that were answered for", when, len(got), err, len(kept))
		}
	}
	for err = add(); err == nil; {
		err = add()
	}
	full := len(kept)
	if full < 50 {
		t.Fatalf("only %d changes until %v", full, err)
	}
	for range 5 { // the disk stays full, and the store as it is
		if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "the disk is full") || s.Err() != nil {
			t.Fatalf("got error %v with Err %v, want ErrFull and none", err, s.Err())
		}
		check("full")
		err = add()
	}
	if err := s.Backup(ctx); !errors.Is(err, store.ErrFull) {
		t.Errorf("Backup: got error %v, want ErrFull", err)
	}
	// A start needs no room either.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(directory); err != nil {
		t.Fatalf("Open on a full disk: %v", err)
	}
	check("full, opened again")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := add(); err != nil {
			t.Fatalf("with room again: %v", err)
		}
	}
	check("with room again")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(directory); err != nil {
		t.Fatal(err)
	}
	check("opened again")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
