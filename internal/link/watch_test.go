package link

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

const (
	// patience is for what must come, on a busy machine too.
	patience = 10 * time.Second
	// impatience is for what must not.
	impatience = 200 * time.Millisecond
)

func TestBridges(t *testing.T) {
	m := open(t)
	want := func(want ...Name) {
		t.Helper()
		got, err := m.Bridges(t.Context())
		must(t, err)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("bridges are %q, want %q", got, want)
		}
	}
	want()
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	must(t, m.EnsureVeth(t.Context(), testVeth()))
	want("mb-test")
	kernel.Run(t, "ip", "link", "add", "docker0", "type", "bridge")
	want("docker0", "mb-test")
}

// TestWatchBridges wants to be told once of each bridge that comes up, is renamed or
// goes, and of nothing else, nor of one of ours.
func TestWatchBridges(t *testing.T) {
	m := open(t)
	told, watched := make(chan struct{}, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	inThisNamespace(t, func() { watched <- m.WatchBridges(ctx, func() { told <- struct{}{} }) })
	wantTold(t, told, "the beginning")
	for _, change := range []struct {
		arguments []string
		isTold    bool
	}{
		{[]string{"link", "add", "mbv1", "type", "veth", "peer", "name", "mbp1"}, false},
		{[]string{"link", "add", "docker0", "type", "bridge"}, false},
		{[]string{"link", "set", "docker0", "up"}, true},
		{[]string{"link", "set", "mbv1", "up", "master", "docker0"}, false},
		{[]string{"address", "add", "192.0.2.1/24", "dev", "docker0"}, false},
		{[]string{"link", "set", "mbv1", "nomaster"}, false},
		{[]string{"link", "set", "docker0", "down"}, false},
		{[]string{"link", "set", "docker0", "up"}, false},
		{[]string{"link", "set", "docker0", "down"}, false},
		{[]string{"link", "set", "docker0", "name", "shop0"}, false},
		{[]string{"link", "set", "shop0", "up"}, true},
		{[]string{"link", "delete", "mbv1"}, false},
		{[]string{"link", "delete", "shop0"}, true},
	} {
		kernel.Run(t, "ip", change.arguments...)
		if change.isTold {
			wantTold(t, told, change.arguments)
		}
		wantQuiet(t, told, change.arguments)
	}
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	wantQuiet(t, told, "a bridge of ours comes")
	if failures := m.Remove(t.Context(), []Bridge{testBridge()}, nil); len(failures) > 0 {
		t.Fatal(failures)
	}
	wantQuiet(t, told, "a bridge of ours goes")
	cancel()
	select {
	case err := <-watched:
		must(t, err)
	case <-time.After(patience):
		t.Fatal("the watch does not end with its context")
	}
}

// TestLostWatch wants a watch that the kernel has dropped messages of to end, and to say
// so: it is begun anew then.
func TestLostWatch(t *testing.T) {
	m := open(t)
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	begun, read, watched := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	inThisNamespace(t, func() {
		watched <- m.WatchBridges(t.Context(), func() {
			begun <- struct{}{}
			<-read
		})
	})
	wantTold(t, begun, "the beginning")
	flood := strings.Repeat("link set mb-test down\nlink set mb-test up\n", 1000)
	kernel.ThisMachine(t, "host").Feed(t, flood, "ip", "-batch", "-")
	close(read)
	select {
	case err := <-watched:
		if !errors.Is(err, unix.ENOBUFS) {
			t.Errorf("the watch ends with %v, want that messages were lost", err)
		}
	case <-time.After(patience):
		t.Fatal("the watch does not end")
	}
}

// inThisNamespace runs a function in a goroutine that is in the calling test's
// network namespace.
func inThisNamespace(t *testing.T, run func()) {
	t.Helper()
	namespace, err := os.Open("/proc/thread-self/ns/net")
	must(t, err)
	entered := make(chan error)
	go func() {
		// The thread is never unlocked, so it ends with the goroutine.
		runtime.LockOSThread()
		err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		entered <- err
		if err == nil {
			run()
		}
	}()
	must(t, <-entered)
	must(t, namespace.Close())
}

func wantTold(t *testing.T, told <-chan struct{}, what any) {
	t.Helper()
	select {
	case <-told:
	case <-time.After(patience):
		t.Fatalf("nothing was told of %v", what)
	}
}

func wantQuiet(t *testing.T, told <-chan struct{}, what any) {
	t.Helper()
	select {
	case <-told:
		t.Errorf("%v: told of what nobody wants to know", what)
	case <-time.After(impatience):
	}
}

// TestWatch wants to be told of what others do to our links and to the host, and of
// nothing that we do.
func TestWatch(t *testing.T) {
	m := open(t)
	kernel.Run(t, "sysctl", "-qw", "net.ipv4.ip_forward=1")
	told := m.watched(t)
	for range 2 {
		must(t, m.EnsureBridge(t.Context(), testBridge()))
		must(t, m.EnsureVeth(t.Context(), testVeth()))
		wantQuiet(t, told, "links that we make")
		mustRemove(t, m, []Bridge{testBridge()}, []Veth{testVeth()})
		wantQuiet(t, told, "links that we remove together")
	}
	must(t, m.EnsureBridge(t.Context(), testBridge()))
	must(t, m.EnsureVeth(t.Context(), testVeth()))
	mustRemove(t, m, nil, []Veth{testVeth()})
	wantQuiet(t, told, "a link that we remove alone")
	must(t, m.EnsureVeth(t.Context(), testVeth()))
	bridge, veth := string(testBridge().Name), string(testVeth().Name)
	for _, change := range []string{
		"ip link set " + veth + " nomaster",
		"ip link set " + veth + " down",
		"ip link delete " + veth,
		"ip address delete " + testBridge().Gateways[0].String() + " dev " + bridge,
		"ip link set " + bridge + " down",
		"ip link delete " + bridge,
		"sysctl -qw net.ipv4.ip_forward=0",
	} {
		command := strings.Fields(change)
		kernel.Run(t, command[0], command[1:]...)
		wantTold(t, told, change)
		for len(told) > 0 {
			<-told
		}
	}
}
