package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// The variables tell the test binary, run again, what to do with which state.
const (
	roleVariable  = "MYBRIDGE_TEST_CRASH_ROLE"
	stateVariable = "MYBRIDGE_TEST_CRASH_STATE"

	changing   = "changing"
	looking    = "opening"
	recovering = "opening or recovering"
)

// longestWait is for what takes milliseconds, unless it hangs.
const longestWait = 20 * time.Second

// process is the test binary in a role.
func process(ctx context.Context, role, directory string) *exec.Cmd {
	command := exec.CommandContext(ctx, "/proc/self/exe")
	// The race detector would let the process sleep for a second at its end.
	command.Env = append(os.Environ(), roleVariable+"="+role, stateVariable+"="+directory, "GORACE=atexit_sleep_ms=0")
	return command
}

// runUntilKilled runs the process that changes the state, kills it, and returns
// its journal.
func runUntilKilled(t *testing.T, directory string, kill int) []event {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	command := process(t.Context(), changing, directory)
	command.Stderr = os.Stderr
	command.ExtraFiles = []*os.File{writer} // journalFile
	err = command.Start()
	_ = writer.Close() // the process has its own; without this one there is no end to read
	if err != nil {
		t.Fatal(err)
	}
	ready, journal := make(chan struct{}), make(chan []event, 1)
	go func() { journal <- readJournal(t, reader, ready) }()

	// Every eighth may die before it has opened the state.
	if kill%8 != 0 {
		select {
		case <-ready:
		case <-time.After(longestWait):
			t.Errorf("kill %d: the process did not open the state in %s", kill, longestWait)
		}
	}
	time.Sleep(lifetime())
	if err := command.Process.Kill(); err != nil {
		t.Errorf("kill %d: %v", kill, err)
	}
	if err := command.Wait(); command.ProcessState.ExitCode() != -1 {
		t.Fatalf("kill %d: the process ended by itself: %v", kill, err)
	}
	return <-journal
}

// readJournal reads until the process is dead, and closes ready when it says
// that it has opened the state.
func readJournal(t *testing.T, journal *os.File, ready chan<- struct{}) []event {
	var events []event
	lines := bufio.NewScanner(journal)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Errorf("journal line %q: %v", lines.Text(), err)
			continue
		}
		if e.Kind == opened {
			close(ready)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		t.Errorf("reading the journal: %v", err)
	}
	return events
}
