package bounds

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mybridge/test/kernel"
)

// legacyPrograms is a directory in which iptables is the variant that has a lock.
func legacyPrograms(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, suffix := range []string{"", "-save", "-restore"} {
			program, err := exec.LookPath(family + "-legacy" + suffix)
			if err != nil {
				kernel.Skip(t, "the lock is that of iptables-legacy: "+err.Error())
			}
			if err := os.Symlink(program, filepath.Join(directory, family+suffix)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return directory
}

// holdLock holds the xtables lock of the plugin's host, as a long restore does.
func (p *plugin) holdLock() (release func()) {
	p.t.Helper()
	lock, err := os.OpenFile(p.Path("xtables.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	p.must(err)
	p.must(unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	return func() { _ = lock.Close() }
}

// TestLockIsHeld wants calls that need iptables to fail within seconds while
// somebody else holds its lock, with an error that names it, and to leave nothing
// half done. A start needs no lock.
func TestLockIsHeld(t *testing.T) {
	t.Parallel()
	// Not by t.Parallel, which lets no more wait than there are processors.
	var waiting sync.WaitGroup
	for _, firewall := range []string{"nftables", "iptables"} {
		waiting.Go(func() {
			t.Run(firewall, func(t *testing.T) { lockIsHeld(t, firewall) })
		})
	}
	waiting.Wait()
}

func lockIsHeld(t *testing.T, firewall string) {
	p := newPlugin(t)
	p.use(firewall, legacyPrograms(t))
	release := p.holdLock()
	p.MustStart()
	before := p.look()
	started := time.Now()
	p.wantRefused("holds the xtables lock.*"+p.Path("xtables.lock"), p.createNetwork(1))
	// Longer than iptables waits once, and less than twice.
	if took := time.Since(started); took > 9*time.Second {
		t.Errorf("the call took %s", took)
	}
	p.wantLook(before)
	release()
	p.must(p.createNetwork(1))
	p.must(p.createEndpoint(1, 1))

	release = p.holdLock()
	p.tryDeletion("holds the xtables lock", 1)
	release()
	p.must(p.deleteNetwork(1))
	p.wantLook(before)
}
