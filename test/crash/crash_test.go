// Package crash kills a process that gives and ends leases, again and again on
// the same state, and wants every answer that it gave to hold afterwards. What a
// host loses that loses its power it cannot show: the kernel outlives a kill,
// with all that was written and not synced.
package crash

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	shortestLife = 5 * time.Millisecond
	longestLife  = 60 * time.Millisecond
)

// TestMain is also the process that is killed, and the one that opens a damaged
// state: a fault in a mapped file ends a process, which no recover holds up.
func TestMain(m *testing.M) {
	switch directory := os.Getenv(stateVariable); os.Getenv(roleVariable) {
	case changing:
		changeUntilKilled(directory)
	case looking:
		look(directory, false)
	case recovering:
		look(directory, true)
	default:
		os.Exit(m.Run())
	}
}

// TestKilled kills the process 200 times. What it acknowledged must be on disk;
// what was under way may be or not. Between kills the file is damaged at times,
// and what comes of that is checked before the good one is put back.
func TestKilled(t *testing.T) {
	kills, damageEvery := 200, 10
	if testing.Short() {
		kills = 20
	}
	directory := onDisk(t)
	prepare(t, directory)
	m := newModel()
	var damaged damages
	for kill := range kills {
		m.follow(runUntilKilled(t, directory, kill))
		found, err := readState(directory)
		if err != nil {
			m.unreadable++
			t.Fatalf("kill %d: the state cannot be read: %v", kill, err)
		}
		m.compare(found)
		if kill%damageEvery == damageEvery-1 {
			damaged.check(t, directory, m.held)
		}
		for _, fault := range m.takeFaults() {
			t.Errorf("kill %d: %s", kill, fault)
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d kills, %d acknowledged operations: %d lost, %d doubly owned, %d held after their release, %d unreadable; %s",
		m.kills, m.acknowledged, m.lost, m.doublyOwned, m.stillHeld, m.unreadable, &damaged)
	if !t.Failed() && m.acknowledged < kills {
		t.Errorf("got %d acknowledged operations in %d kills, want more: this tested nothing", m.acknowledged, kills)
	}
}

// onDisk is a directory on a real disk: on tmpfs a sync takes no time, in which
// most kills are to fall.
func onDisk(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	var system unix.Statfs_t
	if err := unix.Statfs(directory, &system); err != nil {
		t.Fatal(err)
	}
	if system.Type != unix.TMPFS_MAGIC {
		return directory
	}
	directory, err := os.MkdirTemp("/var/tmp", "mybridge-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

// lifetime is how long a process may live, at random.
func lifetime() time.Duration { return shortestLife + rand.N(longestLife-shortestLife) }
