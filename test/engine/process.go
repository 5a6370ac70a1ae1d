package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is a long-running process that a test spawned.
type Process struct {
	t       TB
	command *exec.Cmd
	log     string
	done    chan struct{}
}

// stopTimeout is how long a process may take to end when it is asked to.
const stopTimeout = 30 * time.Second

// Spawn starts a process that runs until it is stopped, killed, or the test
// ends. What it wrote last is logged when the test failed.
func (p Place) Spawn(name string, arguments ...string) *Process {
	p.t.Helper()
	return p.spawn(p.t, nil, name, arguments...)
}

// spawn lets the process belong to another test than the one that fails when
// it cannot be started.
func (p Place) spawn(owner TB, attributes *syscall.SysProcAttr, name string, arguments ...string) *Process {
	p.t.Helper()
	log, err := os.CreateTemp(owner.TempDir(), filepath.Base(name)+"-*.log")
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	command := newCommand(context.Background(), append([]string{name}, arguments...))
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = attributes
	if err := p.namespaces.start(command); err != nil {
		p.t.Fatalf("start %s: %v", name, err)
	}

	process := &Process{t: owner, command: command, log: log.Name(), done: make(chan struct{})}
	go func() {
		// The result is in the command's process state.
		_ = command.Wait()
		close(process.done)
	}()
	owner.Cleanup(process.cleanUp)
	return process
}

func (p *Process) cleanUp() {
	p.Kill()
	if p.t.Failed() && p.Log() != "" {
		p.t.Logf("last lines of %s:\n%s", strings.Join(p.command.Args, " "), lastLines(p.Log(), 60))
	}
}

// Pid returns the process id as seen on the machine.
func (p *Process) Pid() int {
	return p.command.Process.Pid
}

// Signal sends a signal to the process itself.
func (p *Process) Signal(signal os.Signal) {
	err := p.command.Process.Signal(signal)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signal %s: %v", p.command.Args[0], err)
	}
}

// Kill ends the process without giving it a chance, and waits until it is
// gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Stop asks the process to end with SIGTERM and returns its exit code, which
// is -1 when a signal ended it.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		p.t.Errorf("%s did not end within %s of SIGTERM", p.command.Args[0], stopTimeout)
		p.Kill()
	}
	return p.command.ProcessState.ExitCode()
}

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} {
	return p.done
}

// Log returns what the process has written so far.
func (p *Process) Log() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Error(err)
	}
	return string(content)
}

// WaitLog waits until the process has written the text. The time only bounds a failure.
func (p *Process) WaitLog(text string) {
	p.t.Helper()
	timeout := time.After(30 * time.Second)
	for !strings.Contains(p.Log(), text) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-p.done:
			p.t.Fatalf("%s ended without saying %q", p.command.Args[0], text)
		case <-timeout:
			p.t.Fatalf("%s did not say %q", p.command.Args[0], text)
		}
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
