// Package daemon builds mybridge for tests, and runs it as a process that is killed and
// started again, in the calling test's network namespace and with a directory of its
// own. The test is the engine.
package daemon

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Plugin is a plugin that ends with its test.
type Plugin struct {
	// Directory has its sockets, mybridge.sock and admin.sock, its state, and the log of
	// all its processes.
	Directory string
	Binary    string
	// Flags are those beside the paths in Directory.
	Flags []string
	// Environment is the test's own where it is nil.
	Environment []string
	// Under is a program, with its arguments, that runs the plugin.
	Under []string
	// Transport has the connections for calls.
	Transport *http.Transport

	t       testing.TB
	http    http.Client
	process *exec.Cmd
	ended   chan struct{}
}

// New makes a plugin's directory in parent, as os.MkdirTemp does. A test's own directory
// may have too long a path for a socket.
func New(t testing.TB, parent, binary string, flags ...string) *Plugin {
	t.Helper()
	directory, err := os.MkdirTemp(parent, "mybridge-daemon-")
	if err != nil {
		t.Fatal(err)
	}
	p := &Plugin{Directory: directory, Binary: binary, Flags: flags, t: t}
	p.Transport = &http.Transport{DialContext: p.dial}
	p.http.Transport = p.Transport
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
			t.Logf("the plugin's log ends with\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Path is that of a file in the plugin's directory.
func (p *Plugin) Path(name string) string { return filepath.Join(p.Directory, name) }

// Spawn starts a process in the namespace of the calling goroutine, and does not wait
// for it. Calls do.
func (p *Plugin) Spawn() {
	p.t.Helper()
	log, err := os.OpenFile(p.Path("log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	arguments := slices.Concat(p.Under, []string{p.Binary, "serve", "--plugin-dir", p.Directory, "--admin-socket", p.Path("admin.sock"),
		"--state-dir", p.Path("state"), "--engine-socket", p.Path("no-engine")}, p.Flags)
	p.process = exec.Command(arguments[0], arguments[1:]...)
	p.process.Env = p.Environment
	p.process.Stdout, p.process.Stderr = log, log
	p.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	process, ended := p.process, make(chan struct{})
	p.ended = ended
	go func() {
		_ = process.Wait() // says that it was killed
		close(ended)
	}()
}

// Start waits until the plugin answers or has ended, which is an error. What a killed
// process was about to run may have its sockets until it runs, so a start can find
// somebody there. Then the plugin is started once more, as who supervises it does.
func (p *Plugin) Start() error {
	p.t.Helper()
	for {
		p.Spawn()
		err := p.untilReady()
		if err == nil || !strings.HasSuffix(strings.TrimSpace(p.Log()), "somebody listens there already") {
			return err
		}
	}
}

// MustStart fails the test where the plugin does not start.
func (p *Plugin) MustStart() {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatalf("starting the plugin: %v", err)
	}
}

// untilReady asks again where a process that was killed still had the socket.
func (p *Plugin) untilReady() error {
	for {
		_, err := p.Get(context.Background(), "/ipam/pools")
		if !errors.Is(err, syscall.ECONNRESET) || p.HasEnded() {
			return err
		}
	}
}

// Kill ends the process as a crash does, and does nothing where it has ended.
func (p *Plugin) Kill() {
	if p.process == nil {
		return
	}
	_ = p.process.Process.Kill() // fails where it has ended
	<-p.ended
	p.Transport.CloseIdleConnections()
}

// Pid is the process's id.
func (p *Plugin) Pid() int { return p.process.Process.Pid }

// Ended is closed when the process has ended.
func (p *Plugin) Ended() <-chan struct{} { return p.ended }

// HasEnded reports whether the process has.
func (p *Plugin) HasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Log is what all processes have logged.
func (p *Plugin) Log() string {
	content, err := os.ReadFile(p.Path("log"))
	if err != nil {
		return err.Error()
	}
	return string(content)
}
