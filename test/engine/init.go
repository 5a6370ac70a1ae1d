package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

const (
	// initName as the program's name makes the test binary the first process
	// of an engine's namespaces.
	initName    = "mybridge-test-engine"
	readyReport = "ready\n"
)

func init() {
	if os.Args[0] != initName {
		return
	}
	if err := firstProcess(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// firstProcess builds the engine's root and then holds the namespaces until
// the lifeline on standard input ends.
func firstProcess(configuration string) error {
	var s settings
	if err := json.Unmarshal([]byte(configuration), &s); err != nil {
		return err
	}
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	// The kernel then reaps whatever orphans this process inherits.
	signal.Ignore(unix.SIGCHLD)

	if err := buildRoot(s); err != nil {
		return err
	}
	fmt.Print(readyReport)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}

	// Ending here would end all other processes as well, but then nobody would
	// be left to remove the control groups when the test process is gone.
	if err := unix.Kill(-1, unix.SIGKILL); err != nil && err != unix.ESRCH {
		return fmt.Errorf("kill the engine's processes: %w", err)
	}
	return removeControlGroups(s.ControlGroup)
}
