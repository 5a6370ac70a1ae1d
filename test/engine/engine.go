// Package engine runs real docker engines for end-to-end tests, isolated from
// the machine and from each other.
//
// Each engine lives in network, mount and process namespaces of its own. Its
// root is one of the prepared, read-only root file systems (see setup.sh)
// under a layer in memory, so that any number of engines run from one of them
// at the same time, in one test process or in several. Everything that a test
// starts in an engine dies with the engine, and the engine dies with its test,
// even when the test process is killed.
//
// What the package may touch on the machine: temporary directories, and one
// control group for each engine, with a unique name, directly below the root
// of each hierarchy. It is removed with the engine. Links, rules, sockets,
// mounts and the machine's own engine are out of reach.
//
// A test starts with
//
//	for _, root := range engine.Roots(t) {
//		t.Run(root.Name, func(t *testing.T) {
//			t.Parallel()
//			e := engine.Start(t, root, engine.Options{})
//			e.MustDocker("run", "--detach", "--name", "one", "probe")
//		})
//	}
package engine

import (
	"sync/atomic"
	"time"
)

// Options changes how an engine is started. The zero value is the usual one.
type Options struct {
	// DaemonArgs are further arguments of dockerd.
	DaemonArgs []string
	// WithoutDocker leaves dockerd to a later StartDocker.
	WithoutDocker bool
	// Data is a directory on a disk for the state of the engine and of plugins,
	// which is in memory otherwise. It has to be empty, and stays.
	Data string
	// Timeout ends commands that Run and its relatives started; zero means a
	// minute.
	Timeout time.Duration
}

// Engine is a docker engine in namespaces of its own. The commands of its
// Place run there. One goroutine at a time may start and stop dockerd; all
// else is safe for any number of them.
type Engine struct {
	Place
	*machine
}

// machine is what the same engine shares among tests, see With.
type machine struct {
	root    Root
	options Options
	// owner is the test that the engine ends with.
	owner        TB
	controlGroup string
	docker       *Process
	hasImage     bool
	neighbours   atomic.Int32
}

// Start starts an engine and waits until it answers. It has the image "probe",
// which is the probe program with "sleep" as its default command, and the same
// program is in the engine's own root as /usr/local/bin/probe. The engine ends
// with the test.
func Start(t TB, root Root, options Options) *Engine {
	t.Helper()
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}

	box := startSandbox(t, root, options.Data)
	e := &Engine{
		Place:   Place{t: t, namespaces: box.namespaces(), timeout: options.Timeout},
		machine: &machine{root: root, options: options, owner: t, controlGroup: box.controlGroup},
	}
	e.MustRun("ip", "link", "set", "lo", "up")
	e.installProbe()
	if !options.WithoutDocker {
		e.StartDocker()
	}
	return e
}

// With returns the same engine for use in a subtest: failures and the
// processes that it spawns then belong to that subtest.
func (e *Engine) With(t TB) *Engine {
	place := e.Place
	place.t = t
	return &Engine{Place: place, machine: e.machine}
}

// Root returns the root file system that the engine was started from.
func (e *Engine) Root() Root {
	return e.root
}
