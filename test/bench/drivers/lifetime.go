package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// lifetime is to engines what a test is: they end with it, and it with their failures.
type lifetime struct {
	progress io.Writer

	mu       sync.Mutex
	failures []error
	cleanups []func()
}

// during calls with a lifetime that ends with the call.
func during(progress io.Writer, call func(l *lifetime) error) error {
	l := &lifetime{progress: progress}
	done := make(chan struct{})
	go func() {
		// A call of Fatal ends the goroutine.
		defer close(done)
		if err := call(l); err != nil {
			l.fail(err)
		}
	}()
	<-done
	for len(l.cleanups) > 0 {
		last := l.cleanups[len(l.cleanups)-1]
		l.cleanups = l.cleanups[:len(l.cleanups)-1]
		last()
	}
	return errors.Join(l.failures...)
}

func (l *lifetime) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, err)
}

// Failed is part of engine.TB, like all that follows. To be interrupted is no failure
// of which somebody wants to see logs.
func (l *lifetime) Failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.failures, func(err error) bool { return !errors.Is(err, context.Canceled) })
}

// Cleanup calls at the end, the last first.
func (l *lifetime) Cleanup(call func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleanups = append(l.cleanups, call)
}

// TempDir is on a disk, as the state of an engine is.
func (l *lifetime) TempDir() string {
	directory, err := os.MkdirTemp("/var/tmp", "mybridge-bench-")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			l.Error(err)
		}
	})
	return directory
}

// Helper has nothing to do: failures are told without lines.
func (l *lifetime) Helper() {}

// Logf tells something to who watches the run.
func (l *lifetime) Logf(format string, arguments ...any) {
	fmt.Fprintf(l.progress, format+"\n", arguments...)
}

// Error lets the run fail at its end.
func (l *lifetime) Error(arguments ...any) { l.fail(message(arguments)) }

// Errorf is Error with a format.
func (l *lifetime) Errorf(format string, arguments ...any) { l.fail(fmt.Errorf(format, arguments...)) }

// Fatal lets the run fail now.
func (l *lifetime) Fatal(arguments ...any) {
	l.fail(message(arguments))
	runtime.Goexit()
}

// Fatalf is Fatal with a format.
func (l *lifetime) Fatalf(format string, arguments ...any) {
	l.fail(fmt.Errorf(format, arguments...))
	runtime.Goexit()
}

// Skip is Fatal: a run that measures nothing is none.
func (l *lifetime) Skip(arguments ...any) { l.Fatal(arguments...) }

func message(arguments []any) error {
	return errors.New(strings.TrimSuffix(fmt.Sprintln(slices.Clone(arguments)...), "\n"))
}
