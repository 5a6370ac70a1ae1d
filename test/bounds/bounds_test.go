// Package bounds runs the plugin where something has run out or is held by somebody
// else: a lock, room on the disk, open files, processes, patience. A call then gets an
// error that names what it is, nothing is left of it, and the next one works as soon
// as there is enough again.
package bounds

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the plugin as it is released, so without the race detector.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	directory, err := os.MkdirTemp("", "mybridge-bounds-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	binary = filepath.Join(directory, "mybridge")
	if output, err := exec.Command("go", "build", "-o", binary, "mybridge").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the plugin: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}
