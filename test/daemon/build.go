package daemon

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Build builds a package, such as mybridge, as 'make build' does, so without the race
// detector that a test may run with.
func Build(ctx context.Context, path, name string, tags ...string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags="+strings.Join(tags, ","), "-o", path, name)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", name, err, output)
	}
	return nil
}

// binaries are what was built for the tests of this process, by their tags.
var binaries = struct {
	sync.Mutex
	directory string
	paths     map[string]string
}{paths: map[string]string{}}

// Binary is the path of mybridge, built once for all tests that ask for these tags. It
// is there until Main ends.
func Binary(t testing.TB, tags ...string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	key := strings.Join(tags, "-")
	if path, there := binaries.paths[key]; there {
		return path
	}
	if binaries.directory == "" {
		directory, err := os.MkdirTemp("", "mybridge-test-")
		if err != nil {
			t.Fatal(err)
		}
		binaries.directory = directory
	}
	path := filepath.Join(binaries.directory, key, "mybridge")
	// In a goroutine, as the caller's may be in a namespace in which no library can be
	// fetched.
	built := make(chan error)
	go func() { built <- Build(context.Background(), path, "mybridge", tags...) }()
	if err := <-built; err != nil {
		t.Fatal(err)
	}
	binaries.paths[key] = path
	return path
}

// Main is the TestMain of tests that call Binary: it runs them, and takes away what was
// built.
func Main(m *testing.M) {
	m.Run()
	if err := os.RemoveAll(binaries.directory); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
