package nftables

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"mybridge/internal/link"
	"mybridge/test/kernel"
)

// watch watches until the test ends, and returns what gets a value when the watch
// has begun and with each change.
func watch(t *testing.T, f *Firewall) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}, 10000), make(chan error)
	watching := kernel.InNamespace(t, func() error { return f.Watch(ctx, func() { changed <- struct{}{} }) })
	go func() { ended <- watching() }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
	<-changed
	return changed
}

// TestWatch wants each damage of somebody else's to be noticed, and no change of
// our own.
func TestWatch(t *testing.T) {
	kernel.Namespace(t)
	f := openFirewall(t)
	changed := watch(t, f)
	for i, test := range damages {
		must(t, f.Restore(t.Context(), whole))
		must(t, f.RemoveEndpoint(t.Context(), plain.ID, web.ID))
		must(t, f.SetEndpoint(t.Context(), plain.ID, web))
		// The kernel tells in order, so all before is told when this is.
		kernel.Run(t, "nft", fmt.Sprintf("add table ip6 marker%d", i))
		<-changed
		if n := len(changed); n > 0 {
			t.Errorf("before %s: %d changes of our own were told", test.name, n)
		}
		damage(t, test.commands)
		for range test.commands {
			<-changed
		}
		mend(t, f)
	}
	for _, program := range []string{"iptables-nft", "ip6tables-nft"} {
		kernel.Run(t, program, "-N", "SOMEBODY")
		<-changed
		kernel.Run(t, program, "-A", "FORWARD", "-j", "SOMEBODY")
		<-changed
		kernel.Run(t, program, "-F")
		<-changed
	}
}

// TestWatchIgnoresPrograms wants what a program of ours changes not to be told.
func TestWatchIgnoresPrograms(t *testing.T) {
	kernel.Namespace(t)
	process := make(chan int, 1)
	ours := sync.OnceValue(func() int { return <-process })
	f := openAs(t, "mybridge", Options{Ran: func(process int) bool { return process == ours() }})
	changed := watch(t, f)
	program := exec.Command("iptables-nft", "-N", "OURS")
	must(t, program.Start())
	process <- program.Process.Pid
	must(t, program.Wait())
	must(t, f.Restore(t.Context(), whole))
	kernel.Run(t, "iptables-nft", "-N", "THEIRS")
	<-changed
	if n := len(changed); n > 0 {
		t.Errorf("%d changes of our own were told", n)
	}
}

// TestWatchOfALargeChange wants a change of many elements not to overrun the watch,
// and to be one.
func TestWatchOfALargeChange(t *testing.T) {
	kernel.Namespace(t)
	f, other := openFirewall(t), openAs(t, "other", Options{})
	changed := watch(t, f)
	must(t, other.Restore(t.Context(), crowd(100, 10)))
	<-changed
	kernel.Run(t, "nft", "flush", "ruleset")
	<-changed
	if n := len(changed); n > 0 {
		t.Errorf("%d changes more than two were told", n)
	}
}

// TestLostWatch wants a watch that is not read in time to end with an error.
func TestLostWatch(t *testing.T) {
	kernel.Namespace(t)
	f, other := openFirewall(t), openAs(t, "other", Options{})
	begun, read, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	watching := kernel.InNamespace(t, func() error {
		return f.Watch(t.Context(), func() {
			close(begun)
			<-read
		})
	})
	go func() { ended <- watching() }()
	<-begun
	must(t, other.SetNetwork(t.Context(), bare))
	for range 1000 {
		must(t, other.SetEngineBridges(t.Context(), []link.Name{"docker0"}))
		must(t, other.SetEngineBridges(t.Context(), nil))
	}
	close(read)
	if err := <-ended; !errors.Is(err, unix.ENOBUFS) {
		t.Errorf("the watch ended with %v, want no buffer space", err)
	}
}
