package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Path returns where the test process finds a file of the engine, given by an
// absolute path without symbolic links (/run rather than /var/run). It works
// for sockets as well.
func (e *Engine) Path(path string) string {
	return fmt.Sprintf("/proc/%d/root%s", e.namespaces.machine, path)
}

// Install copies a program into /usr/local/bin of the engine. It may replace
// one that is running.
func (e *Engine) Install(path string) {
	e.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := e.installProgram(filepath.Base(path), content); err != nil {
		e.t.Fatal(err)
	}
}

func (e *Engine) installProgram(name string, content []byte) error {
	target := e.Path("/usr/local/bin/" + name)
	if err := writeProgram(target+".new", content); err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}

// writeProgram keeps other goroutines from starting processes meanwhile: a
// child that inherits the open file for a moment makes the program busy, so
// that it could not be run.
func writeProgram(path string, content []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, content, 0o755)
}
